//! On a host without control groups: who wishes for nothing hears nothing, who wishes is told the mend.
use super::*;

const NOBODYS_PID: u32 = i32::MAX as u32;

fn wishing(limit_percent: Option<u32>) -> CpuPolicy {
    CpuPolicy { limit_percent, ..CpuPolicy::default() }
}

#[test]
fn a_vm_starts_without_control_groups_and_only_a_wish_is_warned_of() {
    let none = Cgroups::default();
    let plain = Waiting::make(&none, "one", &wishing(None));
    assert_eq!(plain.join(NOBODYS_PID).warning(&wishing(None)), None);
    let limited = Waiting::make(&none, "one", &wishing(Some(25))).join(NOBODYS_PID);
    let warning = limited.warning(&wishing(Some(25))).unwrap();
    assert!(warning.contains("limit of 25 %") && warning.contains("no cpu controller"), "{warning}");
}

#[test]
fn a_limit_put_on_a_running_vm_is_refused_where_it_cannot_be_held() {
    let control = Waiting::make(&Cgroups::default(), "one", &wishing(None)).join(NOBODYS_PID);
    let refusal = control.change(&wishing(None), &wishing(Some(25))).unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_str()), (RefusalCode::Unsupported, "cpu_policy.limit_percent"));
    assert_eq!(control.check(&wishing(None), &wishing(Some(25))), Err(refusal), "known before anything is touched");
    let weight = CpuPolicy { weight: 7, ..CpuPolicy::default() };
    assert_eq!(control.change(&wishing(None), &weight).unwrap_err().field, "cpu_policy.weight");
    // Nothing to hold, nothing to refuse.
    control.change(&wishing(Some(25)), &wishing(None)).unwrap();
}

#[test]
fn pins_that_cannot_be_set_are_a_refusal() {
    let control = Waiting::make(&Cgroups::default(), "one", &wishing(None)).join(NOBODYS_PID);
    let pinned = CpuPolicy { emulator_cpus: Some([0].into()), ..CpuPolicy::default() };
    let refusal = control.change(&wishing(None), &pinned).unwrap_err();
    assert_eq!((refusal.code, refusal.field.as_str()), (RefusalCode::Unsupported, "cpu_policy.pins"));
}
