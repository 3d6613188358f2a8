use super::*;

/// A guest of 256 MiB that has 226 of them, of which 100 are available.
fn guest() -> Vm {
    Vm {
        id: "one".into(),
        control: Control::On,
        shares: 1000,
        size_bytes: 256 * MIB,
        floor_bytes: 128 * MIB,
        ceiling_bytes: 256 * MIB,
        target_bytes: 256 * MIB,
        actual_bytes: Some(256 * MIB),
        resident_bytes: 240 * MIB,
        own_bytes: 0,
        swapped_bytes: 0,
        major_faults: 0,
        has_balloon: true,
        may_page_out: true,
        guest: Some(GuestReport { age_ms: 2_000, total_bytes: 226 * MIB, available_bytes: 100 * MIB }),
    }
}

fn saying(total_mib: u64, available_mib: u64) -> Vm {
    let report = GuestReport { age_ms: 0, total_bytes: total_mib * MIB, available_bytes: available_mib * MIB };
    Vm { guest: Some(report), ..guest() }
}

const SETTLED: Settled = Settled { is_growing: false, grown_ms: 60_000, shrunk_ms: 60_000 };

#[test]
fn a_plausible_report_is_believed() {
    let view = View { usable_bytes: 226 * MIB, available_bytes: 100 * MIB };
    assert_eq!(guest().word(SETTLED), Word::Believed(view));
}

#[test]
fn the_balloon_is_taken_off_whether_the_guest_counts_it_or_not() {
    let ballooned = |total| Vm { actual_bytes: Some(156 * MIB), ..saying(total, 40) };
    let view = View { usable_bytes: 126 * MIB, available_bytes: 40 * MIB };
    assert_eq!(ballooned(226).word(SETTLED), Word::Believed(view));
    assert_eq!(ballooned(126).word(SETTLED), Word::Believed(view));
}

#[test]
fn a_balloon_is_recognised_in_the_total_of_guests_of_every_size() {
    for size_mib in [128, 256, 1024, 4096, 65_536_u64] {
        let whole = size_mib - 30 - size_mib / 32;
        for balloon in [16, size_mib / 8, size_mib / 5, size_mib / 3] {
            for total in [whole, whole - balloon] {
                let vm = Vm {
                    size_bytes: size_mib * MIB,
                    resident_bytes: size_mib * MIB,
                    actual_bytes: Some((size_mib - balloon) * MIB),
                    ..saying(total, 10)
                };
                let view = View { usable_bytes: (whole - balloon) * MIB, available_bytes: 10 * MIB };
                assert_eq!(vm.word(SETTLED), Word::Believed(view), "{size_mib} − {balloon}: {total}");
            }
        }
    }
}

#[test]
fn a_guest_without_a_report_or_with_an_old_one_is_silent() {
    assert_eq!(Vm { guest: None, ..guest() }.word(SETTLED), Word::Silent);
    let aged = |age_ms| {
        let report = GuestReport { age_ms, ..guest().guest.unwrap() };
        Vm { guest: Some(report), ..guest() }
    };
    assert_eq!(aged(SILENT_AFTER_MS + 1).word(SETTLED), Word::Silent);
}

#[test]
fn a_report_from_before_a_change_counts_only_where_the_change_cannot_have_made_it_untrue() {
    let report = |available_mib| {
        let report = GuestReport { age_ms: 2_000, total_bytes: 226 * MIB, available_bytes: available_mib * MIB };
        Vm { guest: Some(report), ..guest() }
    };
    let (grown, shrunk) = (Settled { grown_ms: 2_999, ..SETTLED }, Settled { shrunk_ms: 2_999, ..SETTLED });
    assert_eq!(report(20).word(grown), Word::Unsettled, "it may have had too little before");
    assert!(matches!(report(20).word(shrunk), Word::Believed(_)));
    assert_eq!(report(200).word(shrunk), Word::Unsettled, "it may have had plenty before");
    assert!(matches!(report(200).word(grown), Word::Believed(_)));
    assert!(matches!(report(20).word(Settled { grown_ms: 3_000, ..SETTLED }), Word::Believed(_)));
}

#[test]
fn a_report_that_does_not_fit_what_is_known_of_the_balloon_says_nothing() {
    let growing = Settled { is_growing: true, ..SETTLED };
    assert_eq!(saying(226, 20).word(growing), Word::Unsettled);
    assert_eq!(saying(226, 200).word(growing), Word::Unsettled);
    // The balloon has been emptied since QEMU's last word of it: all of a guest that has 40 MiB left cannot be free.
    let before = Vm { actual_bytes: Some(70 * MIB), ..saying(226, 120) };
    assert_eq!(before.word(SETTLED), Word::Unsettled);
    assert!(matches!(Vm { actual_bytes: Some(70 * MIB), ..saying(226, 30) }.word(SETTLED), Word::Believed(_)));
}

#[test]
fn impossible_figures_are_not_believed() {
    let is_impossible = |vm: Vm| matches!(vm.word(SETTLED), Word::Impossible(_));
    assert!(is_impossible(saying(0, 0)));
    assert!(is_impossible(saying(300, 100)));
    assert!(is_impossible(saying(200, 201)));
    // In use, it says, but never written to.
    assert!(is_impossible(Vm { resident_bytes: 60 * MIB, ..saying(226, 5) }));
    assert!(!is_impossible(Vm { resident_bytes: 60 * MIB, swapped_bytes: 120 * MIB, ..saying(226, 5) }));
}
