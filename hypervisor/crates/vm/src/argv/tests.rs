//! Laws of the command line: what it is for known definitions, and that no text changes its shape.
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::spec::HostLimits;

fn plan() -> LaunchPlan {
    LaunchPlan {
        accelerator: Accelerator::Tcg,
        qemu_major: 7,
        disks_dir: "/pool/vm".into(),
        images_dir: "/images".into(),
        qmp: Channel::Fd(3),
        ttys0: Channel::Fd(4),
        hvc0: Channel::Fd(5),
        agent: Channel::Fd(6),
        network: NetworkPlan::User,
    }
}

fn spec(value: &Value) -> VmSpec {
    VmSpec::parse(&value.to_string(), &HostLimits::UNKNOWN).unwrap()
}

fn words(spec: &VmSpec, plan: &LaunchPlan) -> Vec<String> {
    qemu_argv(spec, plan).into_iter().map(|word| word.into_string().unwrap()).collect()
}

#[test]
fn the_code_cache_grows_with_the_vcpus_that_may_come() {
    let mut spec = spec(&json!({ "id": "a", "memory_mb": 96, "vcpus": 1 }));
    let cache = |spec: &VmSpec, qemu_major| words(spec, &LaunchPlan { qemu_major, ..plan() })[..].join(" ");
    assert!(cache(&spec, 7).contains("tcg,tb-size=32 "));
    spec.features.insert(Feature::Hotplug);
    assert!(cache(&spec, 7).contains("tcg,tb-size=128 "));
    assert!(cache(&spec, 10).contains("tcg,tb-size=256 "));
}

#[test]
fn the_reserve_is_planned_only_with_hotplug() {
    let mut spec = spec(&json!({ "id": "a", "memory_mb": 96, "vcpus": 1 }));
    assert_eq!((spec.memory_max_mb(), spec.vcpus_max()), (96, 1));
    spec.features.insert(Feature::Hotplug);
    assert_eq!((spec.memory_max_mb(), spec.vcpus_max()), (1120, 4));
    (spec.memory_mb, spec.vcpus) = (4096, 64);
    assert_eq!((spec.memory_max_mb(), spec.vcpus_max()), (8192, 64));
}

#[test]
fn a_comma_in_a_socket_path_or_name_is_doubled() {
    let mut spec = spec(&json!({ "id": "a", "memory_mb": 96, "vcpus": 1 }));
    spec.name = "a,process=b".into();
    let plan = LaunchPlan { qmp: Channel::Path("/run/x,mux=on/qmp.sock".into()), ..plan() };
    let words = words(&spec, &plan);
    assert!(words.contains(&"guest=a,,process=b,debug-threads=on".to_owned()));
    assert!(words.contains(&"socket,id=qmp,path=/run/x,,mux=on/qmp.sock,server=on,wait=off".to_owned()));
}

/// The shape of a command line: each option, and each value with its texts left out.
fn shape(words: &[String]) -> Vec<String> {
    fn without_texts(value: &Value) -> Value {
        match value {
            Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), without_texts(value))).collect(),
            Value::String(_) => json!("text"),
            other => other.clone(),
        }
    }
    words
        .iter()
        .map(|word| match serde_json::from_str::<Value>(word) {
            Ok(value) if value.is_object() => without_texts(&value).to_string(),
            _ if word.starts_with('-') => word.clone(),
            _ => "value".to_owned(),
        })
        .collect()
}

proptest! {
    /// Texts that never went through `parse`, so that the command line does not lean on its rules.
    #[test]
    fn no_text_changes_the_number_or_shape_of_arguments(
        name in "\\PC{1,40}", path in "\\PC{1,40}", kernel in "\\PC{1,40}", mac in "\\PC{1,40}", disk in "\\PC{1,20}",
    ) {
        let tame = spec(&json!({
            "id": "a", "memory_mb": 96, "vcpus": 1, "boot": { "kernel": "k", "cmdline": "c" },
            "disks": [{ "name": "vda", "path": "disk.img" }], "features": ["hotplug", "ballooning"],
        }));
        let mut hostile = tame.clone();
        hostile.name = name.clone();
        hostile.disks[0].path = path.clone();
        hostile.disks[0].name = disk;
        hostile.network.mac = Some(mac);
        hostile.boot.as_mut().unwrap().kernel = kernel.clone();
        hostile.boot.as_mut().unwrap().cmdline = Some(format!("c{kernel}"));
        let (tame, hostile) = (words(&tame, &plan()), words(&hostile, &plan()));
        prop_assert_eq!(shape(&tame), shape(&hostile));
        let guest = hostile.iter().find(|word| word.starts_with("guest=")).unwrap();
        let value = guest.strip_prefix("guest=").unwrap().strip_suffix(",debug-threads=on").unwrap();
        prop_assert_eq!(value.replace(",,", ""), name.replace(',', ""));
    }
}
