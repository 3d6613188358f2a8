//! Laws of the definition: what is accepted, and that every bad one is refused at its field with a mend.
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const LIMITS: HostLimits = HostLimits { memory_bytes: 8 << 30, cpu_count: 2 };

fn least() -> Value {
    json!({ "id": "a", "memory_mb": 96, "vcpus": 1, "disks": [{ "name": "vda", "path": "disk.img", "size_gb": 1 }] })
}

fn parse(value: &Value) -> Result<VmSpec, SpecError> {
    VmSpec::parse(&value.to_string(), &LIMITS)
}

/// `least()` with the value at a JSON pointer's place set; "-" removes it.
fn with(pointer: &str, value: Value) -> Value {
    let mut spec = least();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = spec.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items.push(value),
        Value::Object(fields) if value == "-" => drop(fields.remove(key)),
        Value::Object(fields) => drop(fields.insert(key.to_owned(), value)),
        other => panic!("{other} holds nothing"),
    }
    spec
}

#[test]
fn the_committed_test_vm_is_accepted() {
    let config = include_str!("../../../../../vms/test-vm/config.json");
    let spec = VmSpec::parse(config, &LIMITS).unwrap();
    assert_eq!((spec.id.as_str(), spec.name.as_str()), ("test-vm-001", "test-vm-001"));
    assert_eq!((spec.memory_mb, spec.vcpus, spec.features.len()), (2048, 2, 6));
    assert_eq!(spec.disks[0].size_bytes(), Some(20 << 30));
}

#[test]
fn defaults_are_filled_in_and_the_normalised_form_parses_to_the_same() {
    let spec = parse(&least()).unwrap();
    assert_eq!(
        (spec.machine, spec.accelerator, spec.network.mode),
        (Machine::Q35, Accelerator::Auto, NetworkMode::User)
    );
    assert!(!spec.protected && !spec.autostart && spec.boot.is_none());
    assert_eq!(VmSpec::parse(&spec.to_json(), &HostLimits::UNKNOWN).unwrap(), spec);
}

#[test]
fn the_fields_that_changed_are_named() {
    let spec = |pointer, value| parse(&with(pointer, value)).unwrap();
    let plain = parse(&least()).unwrap();
    assert_eq!(changed_fields(&plain, &plain), "");
    assert_eq!(changed_fields(&plain, &spec("/memory_mb", json!(128))), "memory_mb");
    assert_eq!(changed_fields(&spec("/cpu_policy", json!({ "limit_percent": 50 })), &plain), "cpu_policy");
    let other = spec("/labels", json!({ "tier": "web" }));
    assert_eq!(changed_fields(&spec("/protected", json!(true)), &other), "labels, protected");
}

#[test]
fn what_qemu_does_not_read_makes_no_other_machine() {
    let text = |pointer: &str, value: Value| parse(&with(pointer, value)).unwrap().to_json();
    let running = parse(&least()).unwrap().to_json();
    for (field, value) in [
        ("/name", json!("Web")),
        ("/labels", json!({ "tier": "web" })),
        ("/protected", json!(true)),
        ("/autostart", json!(true)),
        (
            "/memory_policy",
            json!({ "floor_mb": 64, "ceiling_mb": 90, "shares": 1, "control": "on", "sharing_domain": "a" }),
        ),
        (
            "/cpu_policy",
            json!({ "weight": 7, "limit_percent": 50, "pins": [{ "vcpu": 0, "cpus": [0] }], "emulator_cpus": [1] }),
        ),
    ] {
        assert!(runs_alike(&running, &text(field, value)), "{field}");
    }
    for (field, value) in [
        ("/memory_mb", json!(4096)),
        ("/vcpus", json!(3)),
        ("/features", json!(["ballooning"])),
        ("/memory_policy", json!({ "max_mb": 1024 })),
        ("/cpu_policy", json!({ "max_vcpus": 2 })),
    ] {
        assert!(!runs_alike(&running, &text(field, value)), "{field}");
    }
    assert!(runs_alike("not json", "not json") && !runs_alike("not json", "neither"));
}

#[test]
fn a_derived_hardware_address_is_stable_unicast_and_differs_between_vms() {
    let mac = |id: &str| parse(&with("/id", json!(id))).unwrap().mac_address();
    assert_eq!(mac("a"), mac("a"));
    assert_ne!(mac("a"), mac("b"));
    assert!(mac("a").starts_with("52:54:00:"));
}

#[test]
fn every_bad_value_is_refused_at_its_field() {
    let long = "x".repeat(300);
    let second = |name: &str, path: &str| json!({ "name": name, "path": path, "size_gb": 1 });
    let cases: Vec<(&str, Value, &str, &str)> = vec![
        ("/memory_mb", json!(0), "memory_mb", "give at least 32"),
        ("/memory_mb", json!(31), "memory_mb", "give at least 32"),
        ("/memory_mb", json!(8193), "memory_mb", "give at most 8192"),
        ("/memory_mb", json!(-1), "memory_mb", "the number -1 does not fit; give a whole number"),
        ("/memory_mb", json!(1.5), "memory_mb", "the number 1.5 does not fit; give a whole number"),
        ("/memory_mb", json!("2G"), "memory_mb", "the text \"2G\" does not fit; give a whole number"),
        ("/memory_mb", json!("-"), "memory_mb", "is missing; add it"),
        ("/vcpus", json!(0), "vcpus", "give 1 or more"),
        ("/vcpus", json!(9), "vcpus", "give at most 8"),
        ("/id", json!("-"), "id", "is missing; add it"),
        ("/id", json!(""), "id", "use 1 to 64"),
        ("/id", json!(long), "id", "use 1 to 64"),
        ("/id", json!("a/b"), "id", "use 1 to 64"),
        ("/id", json!("a,b"), "id", "use 1 to 64"),
        ("/id", json!(".."), "id", "use 1 to 64"),
        ("/id", json!("a..b"), "id", "without \"..\""),
        ("/id", json!("a\nb"), "id", "use 1 to 64"),
        ("/id", json!("A"), "id", "use 1 to 64"),
        ("/name", json!("a/b"), "name", "without \"/\""),
        ("/name", json!("a,b"), "name", "without \"/\""),
        ("/name", json!("a..b"), "name", "without \"/\""),
        ("/name", json!("a\nb"), "name", "without \"/\""),
        ("/name", json!("a\u{202e}b"), "name", "printable"),
        ("/name", json!(" a"), "name", "blanks"),
        ("/name", json!(long), "name", "use 1 to 64"),
        ("/machine", json!("microvm"), "machine", "\"microvm\" is none of its values; use \"q35\" or \"pc\""),
        ("/accelerator", json!("xen"), "accelerator", "use \"auto\", \"kvm\" or \"tcg\""),
        ("/features", json!(["tps", "speed"]), "features[1]", "\"speed\" is none of its values"),
        ("/colour", json!("red"), "colour", "there is no such field; remove it, or use one of \"$schema\""),
        ("/boot", json!({ "kernel": "/boot/vmlinuz" }), "boot.kernel", "is absolute"),
        ("/boot", json!({ "kernel": "k", "initrd": "../i" }), "boot.initrd", "stays inside"),
        ("/boot", json!({ "kernel": "k", "cmdline": "a\nb" }), "boot.cmdline", "remove it"),
        ("/boot", json!({ "kernel": "k", "cmdline": "x".repeat(2048) }), "boot.cmdline", "keep it to 2047"),
        ("/boot", json!({ "kernel": "k", "dtb": "d" }), "boot.dtb", "use \"kernel\", \"initrd\" or \"cmdline\""),
        ("/disks/0/path", json!("../../etc/passwd"), "disks[0].path", "stays inside"),
        ("/disks/0/path", json!("/etc/passwd"), "disks[0].path", "is absolute"),
        ("/disks/0/path", json!("a,readonly=on"), "disks[0].path", "holds \",\""),
        ("/disks/0/path", json!("a\nb"), "disks[0].path", "control character"),
        ("/disks/0/path", json!("a//b"), "disks[0].path", "empty part"),
        ("/disks/0/path", json!(""), "disks[0].path", "is empty"),
        ("/disks/0/path", json!(long), "disks[0].path", "longer than 255"),
        ("/disks/0/image", json!("../debian.qcow2"), "disks[0].image", "stays inside"),
        ("/disks/0/name", json!("../x"), "disks[0].name", "use 1 to 16"),
        ("/disks/0/size_gb", json!(0), "disks[0].size_gb", "give 1 to 65536"),
        ("/disks/0/size_gb", json!(65537), "disks[0].size_gb", "give 1 to 65536"),
        ("/disks/0/size_mb", json!(5), "disks[0].size_mb", "keep one of the two"),
        (
            "/disks/0/format",
            json!("vmdk"),
            "disks[0].format",
            "\"vmdk\" is none of its values; use \"raw\" or \"qcow2\"",
        ),
        ("/disks/-", second("vda", "b.img"), "disks[1].name", "choose another name"),
        ("/disks/-", second("vdb", "disk.img"), "disks[1].path", "choose another path"),
        (
            "/disks/-",
            json!({ "name": "vdb", "path": "b", "bus": "ide", "readonly": true }),
            "disks[1].readonly",
            "virtio",
        ),
        ("/disks", json!({}), "disks", "an object does not fit; give a list"),
        ("/network", json!({ "mode": "bridge" }), "network.bridge", "BRIDGE in network.conf"),
        ("/network", json!({ "mode": "bridge", "bridge": "br0,script=x" }), "network.bridge", "use 1 to 15"),
        ("/network", json!({ "mac": "52:54:00:12:34" }), "network.mac", "write six bytes"),
        ("/network", json!({ "mac": "01:00:5e:00:00:01" }), "network.mac", "first byte even"),
        ("/network", json!({ "mode": "nat" }), "network.mode", "\"nat\" is none of its values"),
        ("/memory_policy", json!({ "max_mb": 95 }), "memory_policy.max_mb", "give 96 to 8192"),
        (
            "/memory_policy",
            json!({ "floor_mb": 97 }),
            "memory_policy.floor_mb",
            "97 MiB is out of range; give 32 to 96",
        ),
        ("/memory_policy", json!({ "ceiling_mb": 47 }), "memory_policy.ceiling_mb", "give 48 to 96"),
        ("/memory_policy", json!({ "shares": 0 }), "memory_policy.shares", "give 1 to 100000"),
        ("/memory_policy", json!({ "control": "yes" }), "memory_policy.control", "\"off\", \"recommend\" or \"on\""),
        ("/memory_policy", json!({ "sharing_domain": "A b" }), "memory_policy.sharing_domain", "use 1 to 32"),
        ("/memory_policy", json!({ "floor": 64 }), "memory_policy.floor", "did you mean \"floor_mb\"?"),
        ("/cpu_policy", json!({ "max_vcpus": 0 }), "cpu_policy.max_vcpus", "give 1 to 64"),
        ("/cpu_policy", json!({ "weight": 10_001 }), "cpu_policy.weight", "give 1 to 10000"),
        ("/cpu_policy", json!({ "limit_percent": 4 }), "cpu_policy.limit_percent", "give 5 to 200"),
        ("/cpu_policy", json!({ "pins": [{ "vcpu": 1, "cpus": [0] }] }), "cpu_policy.pins[0].vcpu", "give 0 to 0"),
        (
            "/cpu_policy",
            json!({ "pins": [{ "vcpu": 0, "cpus": [] }] }),
            "cpu_policy.pins[0].cpus",
            "give some of 0 to 1",
        ),
        ("/cpu_policy", json!({ "emulator_cpus": [2] }), "cpu_policy.emulator_cpus", "this host has CPUs 0 to 1"),
        ("/labels", json!({ "a b": "x" }), "labels", "rename it"),
        ("/labels", json!({ "a": "x\u{7}" }), "labels.a", "control character"),
        ("/protected", json!("yes"), "protected", "the text \"yes\" does not fit; give true or false"),
    ];
    for (pointer, value, field, mend) in cases {
        let error = parse(&with(pointer, value.clone())).expect_err(&format!("{pointer} = {value}"));
        assert_eq!(error.field, field, "{pointer} = {value}: {error}");
        assert!(error.message.contains(mend), "{pointer} = {value}: {error}");
        assert!(error.message.starts_with(field) && !error.message.contains('\n'), "{error}");
    }
}

#[test]
fn a_name_that_is_nearly_right_is_answered_with_the_right_one() {
    for (pointer, value, near) in [
        ("/memory", json!(512), "did you mean \"memory_mb\"?"),
        ("/memroy_mb", json!(512), "did you mean \"memory_mb\"?"),
        ("/cpus", json!(2), "did you mean \"vcpus\"?"),
        ("/Protected", json!(true), "did you mean \"protected\"?"),
        ("/disks/0/size", json!(2), "did you mean \"size_"),
        ("/machine", json!("Q35"), "did you mean \"q35\"? The values are \"q35\" or \"pc\""),
        ("/disks/0/format", json!("qcow"), "did you mean \"qcow2\"?"),
    ] {
        let error = parse(&with(pointer, value)).unwrap_err();
        assert!(error.message.contains(near), "{pointer}: {error}");
    }
}

#[test]
fn a_refused_shape_is_one_short_sentence_whatever_the_name_or_value() {
    let odd = format!("a`, expected one of `b\n\u{1b}[31m{}", "x".repeat(5_000));
    for error in [
        parse(&with(&format!("/{}", odd.replace('/', "_")), json!(1))).unwrap_err(),
        parse(&with("/machine", json!(odd))).unwrap_err(),
        parse(&with("/memory_mb", json!(odd))).unwrap_err(),
        parse(&with("/colour", json!(1))).unwrap_err(),
    ] {
        assert!(error.message.chars().count() < 400, "{} characters", error.message.chars().count());
        assert!(!error.message.contains(char::is_control), "{error:?}");
        assert!(!error.message.contains("unknown "), "no words of serde's are left: {error:?}");
    }
}

#[test]
fn broken_json_is_refused_with_its_place() {
    for (text, what) in [
        ("", "not valid JSON"),
        ("{\n  \"id\": \"a\",\n", "line 3"),
        ("[]", "not a JSON object"),
        ("{\"id\":\"a\"} x", "trailing characters"),
    ] {
        let error = VmSpec::parse(text, &LIMITS).unwrap_err();
        assert!(error.field.is_empty() && error.message.contains(what), "{error}");
    }
    let deep = "[".repeat(100_000);
    assert!(VmSpec::parse(&deep, &LIMITS).unwrap_err().message.contains("recursion limit"));
    assert!(VmSpec::parse(&" ".repeat(300_000), &LIMITS).unwrap_err().message.contains("longer than 256 KiB"));
}

#[test]
fn ide_disks_beyond_the_controller_and_a_seventeenth_disk_are_refused() {
    let disks = |count: usize, bus: &str| -> Value {
        (0..count).map(|n| json!({ "name": format!("d{n}"), "path": format!("{n}.img"), "bus": bus })).collect()
    };
    assert!(parse(&with("/disks", disks(16, "virtio"))).is_ok());
    assert_eq!(parse(&with("/disks", disks(17, "virtio"))).unwrap_err().field, "disks");
    assert_eq!(parse(&with("/disks", disks(7, "ide"))).unwrap_err().field, "disks[6].bus");
    let mut pc = with("/disks", disks(5, "ide"));
    pc["machine"] = json!("pc");
    assert_eq!(parse(&pc).unwrap_err().field, "disks[4].bus");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn parsing_any_text_never_panics(text in ".{0,200}") {
        let _ = VmSpec::parse(&text, &LIMITS);
    }

    #[test]
    fn any_value_in_any_field_is_refused_in_words_or_survives_a_round_trip(
        field in prop::sample::select(vec![
            "/id", "/name", "/memory_mb", "/vcpus", "/machine", "/boot", "/disks", "/disks/0/name", "/disks/0/path",
            "/disks/0/size_gb", "/disks/0/bus", "/network", "/features", "/labels", "/protected", "/x",
        ]),
        value in any_json(),
    ) {
        match parse(&with(field, value)) {
            Ok(spec) => prop_assert_eq!(VmSpec::parse(&spec.to_json(), &LIMITS), Ok(spec)),
            Err(error) => prop_assert!(error.message.len() > 10 && error.message.contains(';'), "{}", error),
        }
    }
}
