//! What can be known of a start before it is accepted: whether this host has what the definition needs. Makes
//! nothing but the empty folders that it looks in.
use std::path::{Path, PathBuf};

use quetzal_host::pageout;
use quetzal_host::user::UnprivilegedUser;
use quetzal_host::volume;

use crate::context::{KvmVerdict, VmContext};
use crate::cpu::check_pins;
use crate::paths::VmPaths;
use crate::refusal::{Refusal, RefusalCode, chain};
use crate::spec::{Accelerator, Disk, VmSpec};

/// QEMU itself, its firmware and a first touch of guest memory. Guest memory beyond is given by the kernel page by
/// page, shared and compressed, so it is no reason to refuse.
const LEAST_AVAILABLE_BYTES: u64 = 128 << 20;
const MIB: u64 = 1 << 20;

pub(crate) fn preflight(spec: &VmSpec, paths: &VmPaths, context: &VmContext) -> Result<(), Refusal> {
    qemu_is_there(context)?;
    user_is_there(context)?;
    accelerator_works(spec, context)?;
    memory_fits(spec, context)?;
    check_pins(&spec.cpu_policy)?;
    boot_files_exist(spec, context)?;
    disks_can_be_had(spec, paths, context)
}

/// What can be known when a VM is defined: the images that its start would need. One that comes later is put there first.
/// Makes nothing: a definition that is refused leaves no folder behind.
pub fn images_exist(spec: &VmSpec, context: &VmContext) -> Result<(), Refusal> {
    boot_files_exist(spec, context)?;
    let disks = context.folders.vm(&spec.id).disks;
    for (index, disk) in spec.disks.iter().enumerate() {
        if !disks.join(&disk.path).exists() {
            disk_can_be_made(disk, index, &disks, context)?;
        }
    }
    Ok(())
}

fn unsupported(message: String) -> Refusal {
    Refusal::new(RefusalCode::Unsupported, message)
}

fn storage(message: String, field: String) -> Refusal {
    Refusal::new(RefusalCode::Storage, message).at(field)
}

fn qemu_is_there(context: &VmContext) -> Result<(), Refusal> {
    let name = Path::new(&context.qemu_binary);
    let is_there = if name.components().count() > 1 {
        name.is_file()
    } else {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&folders).any(|folder| folder.join(name).is_file())
    };
    if is_there {
        return Ok(());
    }
    Err(unsupported(format!(
        "QEMU is not installed: {} was not found; install it with: apt-get install qemu-system-x86",
        name.display()
    )))
}

fn user_is_there(context: &VmContext) -> Result<(), Refusal> {
    let Some(name) = &context.vm_user else { return Ok(()) };
    let user = UnprivilegedUser::lookup(name).map_err(|error| unsupported(chain(&error)))?;
    if let Some(closed) = closed_folder(&context.folders.state, &user) {
        return Err(unsupported(format!(
            "QEMU's user {name} may not enter '{}', so it cannot reach its disks; run: chmod o+x '{}', or move the state folder",
            closed.display(),
            closed.display()
        )));
    }
    Ok(())
}

/// The first folder on the way that QEMU's user may not pass through.
fn closed_folder(path: &Path, user: &UnprivilegedUser) -> Option<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    const OTHERS_ENTER: u32 = 0o001;
    const GROUP_ENTERS: u32 = 0o010;
    const OWNER_ENTERS: u32 = 0o100;
    let mut ways: Vec<&Path> = path.ancestors().collect();
    ways.reverse();
    ways.into_iter()
        .find(|folder| {
            let Ok(facts) = std::fs::metadata(folder) else { return false };
            let needed = if facts.uid() == user.uid() {
                OWNER_ENTERS
            } else if facts.gid() == user.gid() || user.groups().contains(&facts.gid()) {
                GROUP_ENTERS
            } else {
                OTHERS_ENTER
            };
            facts.mode() & needed == 0
        })
        .map(Path::to_owned)
}

fn accelerator_works(spec: &VmSpec, context: &VmContext) -> Result<(), Refusal> {
    if spec.accelerator != Accelerator::Kvm {
        return Ok(());
    }
    match &*context.kvm {
        KvmVerdict::Missing { reason } => Err(unsupported(format!(
            "the definition asks for KVM, which this host lacks ({reason}); set \"accelerator\": \"auto\""
        ))
        .at("accelerator")),
        KvmVerdict::Real | KvmVerdict::EmulatedOnly { .. } => Ok(()),
    }
}

fn memory_fits(spec: &VmSpec, context: &VmContext) -> Result<(), Refusal> {
    let wanted = spec.memory_bytes();
    let refuse = |message: String| Err(Refusal::new(RefusalCode::InsufficientResources, message).at("memory_mb"));
    if wanted > context.limits.memory_bytes {
        return refuse(format!(
            "the VM wants {} MB and the host has {} MB in all; lower memory_mb",
            spec.memory_mb,
            context.limits.memory_bytes / MIB
        ));
    }
    // Unknown is no reason to refuse.
    let Some(available) = pageout::available_bytes() else { return Ok(()) };
    if available < LEAST_AVAILABLE_BYTES {
        return refuse(format!(
            "the host has {} MB of memory available and QEMU needs {} MB to start at all; stop a VM first",
            available / MIB,
            LEAST_AVAILABLE_BYTES / MIB
        ));
    }
    context.reserve.allows_start(available)
}

fn boot_files_exist(spec: &VmSpec, context: &VmContext) -> Result<(), Refusal> {
    let Some(boot) = &spec.boot else { return Ok(()) };
    let named = [("boot.kernel", Some(&boot.kernel)), ("boot.initrd", boot.initrd.as_ref())];
    for (field, relative) in named.into_iter().filter_map(|(field, path)| path.map(|path| (field, path))) {
        image_exists(relative, field, context)?;
    }
    Ok(())
}

fn image_exists(relative: &str, field: &str, context: &VmContext) -> Result<(), Refusal> {
    let images = context.folders.images();
    let missing = |path: &Path| {
        let mend = "put it there, or run 'npm start' to build the guest image";
        Err(storage(format!("{field}: the image '{}' is missing; {mend}", path.display()), field.to_owned()))
    };
    if !images.is_dir() {
        return missing(&images.join(relative));
    }
    match volume::check_inside(&images, Path::new(relative)) {
        Ok(path) if path.is_file() => Ok(()),
        Ok(path) => missing(&path),
        Err(error) => Err(storage(chain(&error), field.to_owned())),
    }
}

fn disks_can_be_had(spec: &VmSpec, paths: &VmPaths, context: &VmContext) -> Result<(), Refusal> {
    for (index, disk) in spec.disks.iter().enumerate() {
        let field = format!("disks[{index}].path");
        // The VM's own folder, which may lie empty from here on, is what the path is judged against.
        std::fs::create_dir_all(&paths.disks).map_err(|error| {
            storage(format!("cannot make the pool folder '{}': {error}", paths.disks.display()), field.clone())
        })?;
        let path = volume::check_inside(&paths.disks, Path::new(&disk.path))
            .map_err(|error| storage(format!("{field}: {}", chain(&error)), field.clone()))?;
        if path.is_file() {
            continue;
        }
        if path.exists() {
            let what = format!("{field}: '{}' is no regular file and cannot be a disk", path.display());
            return Err(storage(format!("{what}; move it away, or name another path"), field));
        }
        disk_can_be_made(disk, index, &paths.disks, context)?;
    }
    Ok(())
}

/// For a disk whose file is not there.
fn disk_can_be_made(disk: &Disk, index: usize, folder: &Path, context: &VmContext) -> Result<(), Refusal> {
    if let Some(image) = &disk.image {
        return image_exists(image, &format!("disks[{index}].image"), context);
    }
    if disk.size_bytes().is_some() {
        return Ok(());
    }
    let (field, path) = (format!("disks[{index}].path"), folder.join(&disk.path));
    Err(storage(
        format!(
            "{field}: disk '{}' does not exist; put it there, or give size_gb or image to have it made",
            path.display()
        ),
        field,
    ))
}
