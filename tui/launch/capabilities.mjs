// Owns what each of the host's capabilities is good for, under the names of `quetzald probe`; npm run doctor tells it
// where one is missing. What QuetzalCore does not use yet says so: nobody should change a host for nothing.

const NOT_USED_YET = "(QuetzalCore does not use it yet)";

/** @type {ReadonlyMap<string, string>} name to benefit */
export const CAPABILITY_GIVES = new Map([
  ["qemu", "the VMs themselves"],
  ["kvm", "guests at the speed of the hardware instead of emulation"],
  ["tap", "guests on a bridge of the host"],
  ["bridge", "guests in the host's own network, reachable from outside"],
  ["user_network", "guest networking without rights on the host"],
  ["ksm", "one copy of the memory that several guests have in common"],
  ["zram", "swap in compressed memory, so that more guests fit"],
  ["zswap", "a compressed cache before the swap device, so that more guests fit"],
  ["psi", "figures of how long work waits for CPU, memory and disks"],
  ["balloon", "the guests' own memory figures, and free guest memory back for the host"],
  ["guest_agent", "answers from inside the guest, and vCPUs taken back from it"],
  ["unprivileged_qemu", "VMs whose QEMU has no right on the host beyond its own disks"],
  ["vhost_net", `faster guest networking, through the kernel instead of QEMU ${NOT_USED_YET}`],
  ["virtio_mem", "memory added to running guests and taken from them"],
  ["cgroup_cpu", "shares of the CPUs between VMs, and limits on their CPU time"],
  ["cgroup_memory", `limits on the memory of VMs ${NOT_USED_YET}`],
]);
