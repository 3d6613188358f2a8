//! On a recorded tree, whose files take what is written as they are: the kernel's would show the sum of it.

use super::super::VmCgroup;
use super::super::detect_in;
use super::super::tests::{V2_MOUNT, recorded};
use super::*;

const MOUNT: &str = "sys/fs/cgroup";

struct Tree {
    root: tempfile::TempDir,
}

impl Tree {
    /// A host on which something else runs in `other.slice`, with these files.
    fn with(others: &[(&str, &str)]) -> Self {
        let root = recorded(&[
            ("proc/mounts", V2_MOUNT),
            ("sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n"),
            ("sys/fs/cgroup/cgroup.subtree_control", "cpu pids\n"),
            ("sys/fs/cgroup/other.slice/cgroup.procs", "1\n"),
            ("sys/fs/cgroup/other.slice/cpu.weight", "100\n"),
            ("sys/fs/cgroup/other.slice/memory.max", "max\n"),
            ("sys/fs/cgroup/other.slice/memory.swap.max", "max\n"),
        ]);
        for (name, text) in others {
            fs::write(root.path().join(MOUNT).join("other.slice").join(name), text).unwrap();
        }
        Self { root }
    }

    fn cgroups(&self, boot_id: &str) -> Cgroups {
        detect_in(self.root.path()).remembering(self.root.path().join("handed-down"), boot_id)
    }

    fn subtree(&self) -> PathBuf {
        self.root.path().join(MOUNT).join(SUBTREE)
    }

    /// A VM runs and ends; meanwhile the kernel hands down what quetzald asked for.
    fn run_vm(&self, cgroups: &Cgroups) {
        drop(VmCgroup::create(cgroups, "vm1").unwrap());
        assert_eq!(fs::read_to_string(self.subtree()).unwrap(), "+memory", "cpu was handed down by somebody else");
        fs::write(self.subtree(), "cpu memory pids\n").unwrap();
    }

    fn end_ours(&self) {
        fs::remove_dir_all(self.root.path().join(MOUNT).join("quetzal")).unwrap();
    }

    fn now(&self) -> String {
        fs::read_to_string(self.subtree()).unwrap()
    }
}

const BOTH: &str = "cpu memory pids\n";

#[test]
fn what_was_handed_down_is_taken_back_by_whoever_ends_last_in_that_boot() {
    let tree = Tree::with(&[]);
    tree.run_vm(&tree.cgroups("now"));
    tree.end_ours();
    // Another quetzald than the one that handed it down.
    assert_eq!(tree.cgroups("now").take_back(), Vec::<String>::new());
    assert_eq!(tree.now(), "-memory", "and never cpu, which was there");
    fs::write(tree.subtree(), BOTH).unwrap();
    assert_eq!(tree.cgroups("now").take_back(), Vec::<String>::new());
    assert_eq!(tree.now(), BOTH, "once: whoever handed it down since is not us");
}

#[test]
fn nothing_is_taken_back_after_a_boot_or_where_it_was_not_written_down() {
    let tree = Tree::with(&[]);
    tree.run_vm(&tree.cgroups("then"));
    tree.end_ours();
    assert_eq!(tree.cgroups("now").take_back(), Vec::<String>::new());
    assert_eq!(detect_in(tree.root.path()).take_back(), Vec::<String>::new());
    assert_eq!(tree.now(), BOTH);
}

#[test]
fn living_vms_keep_it_and_so_does_whoever_has_a_limit_or_hands_it_on() {
    let kept = |others: &[(&str, &str)], ours_ends: bool| {
        let tree = Tree::with(others);
        let cgroups = tree.cgroups("now");
        tree.run_vm(&cgroups);
        if ours_ends {
            tree.end_ours();
        } else {
            // As the kernel shows what was written.
            fs::write(tree.root.path().join(MOUNT).join("quetzal").join(SUBTREE), "cpu memory\n").unwrap();
        }
        let said = cgroups.take_back();
        assert_eq!((tree.now().as_str(), said.len()), (BOTH, 1), "{said:?}");
        // It is taken back once nobody needs it.
        fs::remove_dir_all(tree.root.path().join(MOUNT).join("other.slice")).unwrap();
        let _ = fs::remove_dir_all(tree.root.path().join(MOUNT).join("quetzal"));
        assert_eq!(cgroups.take_back(), Vec::<String>::new());
        assert_eq!(tree.now(), "-memory");
        said.concat()
    };
    assert!(kept(&[], false).contains("the group 'quetzal' hands it down too"));
    assert!(kept(&[(SUBTREE, "memory\n")], true).contains("the group 'other.slice' hands it down too"));
    let limited = kept(&[("memory.max", "1073741824\n")], true);
    assert!(
        limited.starts_with("the controller memory stays handed down in '") && limited.ends_with("at '1073741824'"),
        "{limited}"
    );
    kept(&[("memory.low", "4096\n")], true);
    kept(&[("memory.swap.max", "0\n")], true);
}

#[test]
fn a_limit_of_another_controller_keeps_nothing() {
    let tree = Tree::with(&[("cpu.weight", "500\n")]);
    let cgroups = tree.cgroups("now");
    tree.run_vm(&cgroups);
    tree.end_ours();
    assert_eq!(cgroups.take_back(), Vec::<String>::new());
    assert_eq!(tree.now(), "-memory");
}
