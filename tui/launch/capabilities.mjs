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

/** The probe's word of what the kernel has and nobody turned on. */
const OFF = /^there but off: (.+) turns it on$/;

/**
 * What the doctor says of one ability: of a missing one, and of one that is off, what it would give and how to get it.
 * @param {{name: string, available: boolean, reason?: string, mend?: string}} capability
 * @returns {{name: string, isGood: boolean, text: string, gives?: string | undefined, mend?: string | undefined}}
 */
export function abilityFinding({ name, available, reason, mend }) {
  const command = OFF.exec(reason ?? "")?.[1];
  const gives = CAPABILITY_GIVES.get(name);
  if (available && command !== undefined) return { name, isGood: true, text: "there but off", gives, mend: command };
  if (available) return { name, isGood: true, text: reason || "yes" };
  return { name, isGood: false, text: reason || "no", gives, mend };
}
