use super::*;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

const KSM: [(&str, &str); 7] = [
    ("sys/kernel/mm/ksm/run", "1\n"),
    ("sys/kernel/mm/ksm/pages_to_scan", "100\n"),
    ("sys/kernel/mm/ksm/sleep_millisecs", "20\n"),
    ("sys/kernel/mm/ksm/advisor_mode", "none [scan-time]\n"),
    ("sys/kernel/mm/ksm/pages_sharing", "256\n"),
    ("sys/kernel/mm/ksm/general_profit", "-4096\n"),
    ("sys/kernel/mm/ksm/full_scans", "7\n"),
];

#[test]
fn the_switches_go_back_as_they_were() {
    let root = tree(&KSM);
    let ksm = Ksm::in_root(root.path()).unwrap();
    let before = ksm.settings().unwrap();
    assert_eq!((before.run, before.pages_to_scan, before.sleep_ms), (1, 100, 20));
    assert_eq!(before.advisor.as_deref(), Some("scan-time"));
    ksm.set_rate(5000, 10).unwrap();
    ksm.run(Run::Unmerged).unwrap();
    let text = |name: &str| fs::read_to_string(root.path().join(FOLDER).join(name)).unwrap();
    assert_eq!(
        (text("run").as_str(), text("pages_to_scan").as_str(), text("advisor_mode").as_str()),
        ("2", "5000", "none")
    );
    ksm.restore(&before).unwrap();
    assert_eq!(
        (text("run").as_str(), text("pages_to_scan").as_str(), text("sleep_millisecs").as_str()),
        ("1", "100", "20")
    );
    assert_eq!(text("advisor_mode"), "scan-time");
}

#[test]
fn a_switch_that_somebody_else_moved_is_moved_back_and_one_that_is_right_is_left() {
    let root = tree(&KSM);
    let ksm = Ksm::in_root(root.path()).unwrap();
    let path = |name: &str| root.path().join(FOLDER).join(name);
    let said = || ["run", "pages_to_scan", "advisor_mode"].map(|name| fs::read_to_string(path(name)).unwrap());
    ksm.scan(5000, 20).unwrap();
    assert_eq!(said(), ["1\n", "5000", "none"], "it ran already");
    fs::write(path("run"), "0\n").unwrap();
    ksm.scan(5000, 20).unwrap();
    assert_eq!(said()[0], "1");
    fs::write(path("pages_to_scan"), "7\n").unwrap();
    fs::write(path("advisor_mode"), "none [scan-time]\n").unwrap();
    ksm.scan(5000, 20).unwrap();
    assert_eq!(said(), ["1", "5000", "none"]);
    ksm.rest().unwrap();
    assert_eq!(said()[0], "0");
    fs::write(path("run"), "2\n").unwrap();
    ksm.rest().unwrap();
    assert_eq!(said()[0], "2\n", "what was unmerged does not scan either");
}

#[test]
fn figures_are_bytes_and_an_old_kernels_profit_is_what_it_saves() {
    let root = tree(&KSM);
    let ksm = Ksm::in_root(root.path()).unwrap();
    assert_eq!(ksm.figures().unwrap(), KsmFigures { profit_bytes: -4096, full_scans: 7, merged_bytes: 1 << 20 });
    fs::remove_file(root.path().join(FOLDER).join("general_profit")).unwrap();
    assert_eq!(ksm.figures().unwrap().profit_bytes, 1 << 20);
}

#[test]
fn a_kernel_without_ksm_is_told_with_its_mend() {
    let error = Ksm::in_root(tree(&[]).path()).unwrap_err().to_string();
    assert_eq!(error, "this host has no KSM; use a kernel with CONFIG_KSM");
}

#[test]
fn only_the_kernels_own_thread_is_the_scanner() {
    let fields = "0 0 0 -1 0 0 0 0 0 300 200 0 0";
    let (own, other) = (format!("9 (ksmd) S 2 {fields}"), format!("5 (ksmd) S 1 {fields}"));
    let mut files = KSM.to_vec();
    files.push(("proc/5/stat", &other));
    let root = tree(&files);
    assert!(Ksm::in_root(root.path()).unwrap().scanner().is_none());
    files.push(("proc/9/stat", &own));
    let root = tree(&files);
    let scanner = Ksm::in_root(root.path()).unwrap().scanner().unwrap();
    assert_eq!(scanner.cpu_ns(), Some(500 * ns_per_tick()));
    fs::write(root.path().join("proc/9/schedstat"), "7242279 293058116 586\n").unwrap();
    assert_eq!(scanner.cpu_ns(), Some(7_242_279));
}

#[test]
fn the_real_scanner_is_found_where_the_kernel_has_one() {
    match Ksm::open() {
        Ok(ksm) => assert!(ksm.scanner().and_then(|scanner| scanner.cpu_ns()).is_some()),
        Err(error) => println!("skipped: {error}"),
    }
}

#[test]
fn a_process_that_asked_for_nothing_may_not_merge_and_one_that_is_gone_neither() {
    assert!(!may_merge(std::process::id()));
    assert!(!may_merge(u32::MAX));
}
