//! Volumes on a real file system, with the real qemu-img.

use super::*;
use std::os::unix::fs::symlink;

const MIB: u64 = 1024 * 1024;
const MIB_LEN: usize = 1024 * 1024;

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_raw_volume_is_sparse_and_private() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("disk.img");
    create(&path, 20 * 1024 * MIB, Format::Raw).unwrap();
    let found = fs::metadata(&path).unwrap();
    assert_eq!(found.len(), 20 * 1024 * MIB);
    assert_eq!(found.mode() & 0o777, VOLUME_MODE);
    assert!(allocated_bytes(&path).unwrap() < MIB);
    assert_eq!(entries(root.path()), ["disk.img"]);
}

#[test]
fn a_qcow2_volume_has_the_size_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("disk.qcow2");
    create(&path, 64 * MIB, Format::Qcow2).unwrap();
    assert_eq!(virtual_size(&path, Format::Qcow2).unwrap(), 64 * MIB);
    assert_eq!(safe_image_format(&path).unwrap(), Format::Qcow2);
}

#[test]
fn an_existing_volume_or_link_is_never_touched() {
    let root = tempfile::tempdir().unwrap();
    let (disk, link) = (root.path().join("disk"), root.path().join("link"));
    fs::write(&disk, "precious").unwrap();
    symlink(root.path().join("elsewhere"), &link).unwrap();
    for path in [&disk, &link] {
        assert!(matches!(create(path, MIB, Format::Raw), Err(HostError::VolumeExists { .. })));
    }
    assert_eq!(fs::read_to_string(&disk).unwrap(), "precious");
    assert!(!root.path().join("elsewhere").exists());
}

#[test]
fn a_failed_volume_leaves_nothing_and_names_the_cause() {
    let root = tempfile::tempdir().unwrap();
    let missing = create(&root.path().join("none/disk"), MIB, Format::Raw);
    assert!(matches!(missing, Err(HostError::MakeVolume { .. })), "{missing:?}");
    // Larger than any file system here takes, so qemu-img itself complains.
    let too_large = create(&root.path().join("disk"), u64::MAX, Format::Qcow2);
    assert!(matches!(&too_large, Err(HostError::VolumeTool { message, .. }) if !message.is_empty()), "{too_large:?}");
    assert!(entries(root.path()).is_empty());
}

#[test]
fn an_image_is_copied_grown_and_converted() {
    let root = tempfile::tempdir().unwrap();
    let image = root.path().join("image");
    fs::write(&image, vec![7; 2 * MIB_LEN]).unwrap();
    let (raw, qcow2) = (root.path().join("raw"), root.path().join("qcow2"));
    from_image(&image, &raw, Some(8 * MIB), Format::Raw).unwrap();
    from_image(&image, &qcow2, None, Format::Qcow2).unwrap();
    let copied = fs::read(&raw).unwrap();
    assert_eq!(copied.len() as u64, 8 * MIB);
    assert!(copied[..2 * MIB_LEN].iter().all(|byte| *byte == 7));
    assert_eq!(virtual_size(&qcow2, Format::Qcow2).unwrap(), 2 * MIB);
    from_image(&qcow2, &root.path().join("again"), Some(MIB), Format::Raw).unwrap();
    assert_eq!(fs::read(root.path().join("again")).unwrap(), fs::read(&image).unwrap(), "never shortened");
}

#[test]
fn an_image_that_names_another_file_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let (secret, overlay) = (root.path().join("secret"), root.path().join("overlay"));
    fs::write(&secret, vec![1; MIB_LEN]).unwrap();
    let status = Command::new(QEMU_IMG)
        .args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"])
        .args([&secret, &overlay])
        .status()
        .unwrap();
    assert!(status.success());
    let target = root.path().join("disk");
    assert!(matches!(from_image(&overlay, &target, None, Format::Raw), Err(HostError::UnsafeImage { .. })));
    assert!(matches!(from_image(root.path(), &target, None, Format::Raw), Err(HostError::UnsafeImage { .. })));
    let missing = from_image(&root.path().join("none"), &target, None, Format::Raw);
    assert!(matches!(missing, Err(HostError::ReadFile { .. })));
    assert!(!target.exists());
}

#[test]
fn a_path_inside_the_pool_is_accepted_whether_it_exists_or_not() {
    let pool = tempfile::tempdir().unwrap();
    fs::create_dir(pool.path().join("vm")).unwrap();
    fs::write(pool.path().join("vm/disk.img"), "").unwrap();
    for relative in ["vm/disk.img", "vm/other.img", "new/folder/disk.img", "disk.img"] {
        assert_eq!(check_inside(pool.path(), Path::new(relative)).unwrap(), pool.path().join(relative));
    }
}

#[test]
fn a_path_that_leaves_the_pool_is_refused() {
    let pool = tempfile::tempdir().unwrap();
    fs::create_dir(pool.path().join("vm")).unwrap();
    symlink("/etc", pool.path().join("etc")).unwrap();
    symlink("/etc/passwd", pool.path().join("vm/disk.img")).unwrap();
    for relative in ["", "..", "../x", "vm/../../x", "/etc/passwd", "etc/passwd", "vm/disk.img", "etc/new", "./vm/x"] {
        let refused = check_inside(pool.path(), Path::new(relative));
        assert!(matches!(refused, Err(HostError::OutsidePool { .. })), "{relative}: {refused:?}");
    }
}
