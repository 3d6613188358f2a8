// The example that `quetzal config example` prints and docs/config.md shows: every setting there is, switched off. A test
// switches all of it on and reads it without a fault.

export const EXAMPLE = `# QuetzalCore's settings: ~/.config/quetzal/config.yaml (or below $XDG_CONFIG_HOME).
# Take the # from the start of a line to switch it on. 'quetzal config check' names what is wrong, with its line.

# Servers. "local" is always there: this machine's own. 'quetzal context use lab2' sets current.
#current: lab2
#contexts:
#  - name: lab2
#    url: https://lab2.example:4560
#    tokenFile: lab2.token            # below this folder, mode 0600; or token: qz_… (then this file needs 0600)

# Keys of any command of docs/keys.md: one, or a list. Ctrl-x, space, enter, tab, f12, pageup… have names.
#keys:
#  redraw: [Ctrl-l, Ctrl-r]
#  quit: Q

# The table: columns in their order, and the order of its rows (-cpu: highest first, +cpu: lowest). There are name state cpu
# last steal throttled memory configured available rss balloon shared disk latency rx tx drops age vcpus on host id labels
# protected; see O.
#columns: [name, state, cpu, last, memory, disk, rx, tx, age]
#sort: -memory

# A core is 100 % ("core") or the whole VM is ("vm"); % changes it.
#cpuScale: core

# auto (dark or light by the terminal), dark, light, contrast, mono, or one of your own; T changes it.
#theme: auto
#themes:
#  - name: mine
#    base: dark
#    colours: {running: "#88cc88", crashed: "#ff5555"}

# Click, double click, wheel. Off, because the terminal's own selection then needs Shift.
#mouse: true

# Views of the table, by name, with v. What a view does not name stays as it is.
#views:
#  - name: hot
#    filter: cpu>50
#    columns: [name, state, cpu, steal, last]
#    sort: -cpu

# Commands of your own for the chosen VM, with ! or a key: program and arguments, never a shell's line.
# {vm} is its id, {name} its name, {host} its host, {url} the server's address.
#commands:
#  - name: ping
#    key: Ctrl-p
#    run: [ping, -c3, "{name}"]
#    where: state:running             # only for VMs that match this filter
#    confirm: true                    # asks first
`;

/** The example with everything switched on: a line is off when # touches its first letter. */
export function switchedOn(example: string): string {
  return example.replace(/^#(?! |$)/gm, "").replace(/^#(?= {2,}\S)/gm, "");
}
