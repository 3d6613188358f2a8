//! A mapping is known by its size and kind, and the two sources of what is resident in it agree.
#![expect(unsafe_code, reason = "memory is mapped by hand, to be found again")]

use super::*;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

const MIB: u64 = 1 << 20;

#[test]
fn only_nameless_private_writable_memory_is_a_guests() {
    assert_eq!(anonymous("7f2893e00000-7f28a3e00000 rw-p 00000000 00:00 0 "), Some(0x7f28_93e0_0000..0x7f28_a3e0_0000));
    for other in [
        "7f2893e00000-7f28a3e00000 rw-p 00000000 00:00 0 [heap]",
        "7f2893e00000-7f28a3e00000 rwxp 00000000 00:00 0 ",
        "7f2893e00000-7f28a3e00000 rw-s 00000000 00:01 9 /dev/zero",
        "7f2893e00000-7f28a3e00000 rw-p 00001000 fe:00 9 /lib/x.so",
        "nonsense rw-p 00000000 00:00 0",
        "",
    ] {
        assert_eq!(anonymous(other), None, "{other}");
    }
}

#[test]
fn what_is_resident_is_told_alike_by_both_sources() {
    // Of a size that nothing else in this process has, and aligned as QEMU's is.
    let (size, touched) = (38 * MIB, 5 * MIB);
    let whole = usize::try_from(size + ALIGNMENT).unwrap();
    // SAFETY: a fresh mapping at a place of the kernel's choice.
    let base =
        unsafe { mmap_anonymous(std::ptr::null_mut(), whole, ProtFlags::empty(), MapFlags::PRIVATE) }.unwrap() as u64;
    let start = base.next_multiple_of(ALIGNMENT);
    let length = usize::try_from(size).unwrap();
    let flags = MapFlags::PRIVATE | MapFlags::FIXED;
    // SAFETY: inside the mapping above, which nobody uses.
    unsafe { mmap_anonymous(start as *mut _, length, ProtFlags::READ | ProtFlags::WRITE, flags) }.unwrap();
    // SAFETY: the pages are ours and writable.
    unsafe { std::ptr::write_bytes(start as *mut u8, 1, usize::try_from(touched).unwrap()) };

    let mut sampler = GuestRamSampler::new(std::process::id());
    let ram = sampler.sample(&[size]).unwrap();
    let by_text = sampler.read_smaps().unwrap();
    assert!(ram.resident_bytes >= touched && ram.resident_bytes <= touched.next_multiple_of(ALIGNMENT), "{ram:?}");
    assert_eq!((by_text.resident_bytes, by_text.swapped_bytes), (ram.resident_bytes, ram.swapped_bytes));
    assert_eq!(sampler.mappings.as_slice(), std::slice::from_ref(&(start..start + size)));
    assert_eq!(sampler.sample(&[size, 39 * MIB]), None, "one of the two is not there");
    // SAFETY: nothing points into it any more.
    unsafe { munmap(base as *mut _, whole) }.unwrap();
}

#[test]
fn what_a_process_has_besides_its_guest_is_of_no_file() {
    let range = Some(0x7f28_93e0_0000..0x7f28_a3e0_0000);
    for own in ["rw-p 00000000 00:00 0 ", "rwxp 00000000 00:00 0", "rw-p 00000000 00:00 0 [heap]"] {
        assert_eq!(of_no_file(&format!("7f2893e00000-7f28a3e00000 {own}")), range, "{own}");
    }
    for other in ["rw-p 00000000 00:00 0 [stack]", "r--p 00000000 00:00 0", "rw-s 00000000 00:01 9 /dev/zero (deleted)"]
    {
        assert_eq!(of_no_file(&format!("7f2893e00000-7f28a3e00000 {other}")), None, "{other}");
    }
    let all = besides(std::process::id(), &[]);
    let one = all.first().unwrap().clone();
    assert!(!besides(std::process::id(), std::slice::from_ref(&one)).contains(&one));
    assert_eq!(besides(u32::MAX, &[]), []);
}

#[test]
fn memory_that_is_not_there_is_named_by_its_size() {
    let error = find(std::process::id(), &[123 << 40]).unwrap_err().to_string();
    assert!(error.contains(&(123_u64 << 40).to_string()), "{error}");
    assert!(matches!(find(u32::MAX, &[]), Err(HostError::ProcessGone { .. })));
}
