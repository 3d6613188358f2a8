// `quetzal completion bash|zsh|fish`: the few lines that make a shell ask `quetzal complete` at every Tab. All knowledge
// is there; a script only carries words to it and candidates back.
import type { CommandContext } from "../context.js";
import { FILES } from "./answer.js";

export type Shell = "bash" | "zsh" | "fish";

/** The line feeds of `program` are none: it is quoted for the shell. */
export const SCRIPTS: Readonly<Record<Shell, (program: string) => string>> = {
  bash: (program) => `# Completion of quetzal for bash. In ~/.bashrc: source <(quetzal completion bash)
_quetzal() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}") kept=() word line
  # bash takes "=" for a word of its own: --output=json comes as three.
  for word in "\${words[@]}"; do [[ $word == = ]] || kept+=("$word"); done
  [[ \${words[-1]-} == = ]] && kept+=("")
  # Words are quoted as they were typed; what was quoted is meant without.
  kept=("\${kept[@]//[\\'\\"]/}")
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ${FILES} ]]; then
      compopt -o default 2>/dev/null
      COMPREPLY=()
      return
    fi
    line=\${line%%$'\\t'*}
    [[ $line =~ ^[A-Za-z0-9_./:@=,+%-]+$ ]] || line=$(printf '%q' "$line")
    COMPREPLY+=("$line")
  done < <(${program} complete -- "\${kept[@]}" 2>/dev/null </dev/null)
  # A list or a pair goes on after its first part.
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _quetzal quetzal`,
  zsh: (program) => `#compdef quetzal
# Completion of quetzal for zsh. In ~/.zshrc, after compinit: source <(quetzal completion zsh)
_quetzal() {
  local line
  local -a texts shown
  for line in "\${(@f)$(${program} complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null </dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == ${FILES} ]]; then
      _files
      return
    fi
    texts+=("\${line%%$'\\t'*}")
    if [[ -n \${line#*$'\\t'} ]]; then shown+=("\${line%%$'\\t'*}  -- \${line#*$'\\t'}"); else shown+=("\${line%%$'\\t'*}"); fi
  done
  (( \${#texts} )) && compadd -l -d shown -- "\${texts[@]}"
}
if [[ \${funcstack[1]-} == _quetzal ]]; then _quetzal "$@"; else compdef _quetzal quetzal; fi`,
  fish: (program) => `# Completion of quetzal for fish. In ~/.config/fish/config.fish: quetzal completion fish | source
function __quetzal_complete
  set -l words (commandline -opc)
  set -l lines (${program} complete -- $words[2..-1] (commandline -ct | string collect --allow-empty) 2>/dev/null </dev/null)
  if test "$lines" = "${FILES}"
    __fish_complete_path (commandline -ct)
  else
    string join -- \\n $lines
  end
end
complete -c quetzal -e
complete -c quetzal -f -k -a '(__quetzal_complete)'`,
};

export async function printScript(context: CommandContext, shell: Shell): Promise<void> {
  await context.print(SCRIPTS[shell](context.program.map(shellQuoted).join(" ")));
}

/** In single quotes, as all three shells read them; fish alone takes a backslash in them for an escape. */
function shellQuoted(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}
