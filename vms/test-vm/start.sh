#!/bin/sh
# Starts the VM that this folder defines through the product: applies the folder, then powers the VM on. A copy of the
# folder with another id starts that one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
quetzal="$here/../../dist/quetzal.js"
[ -f "$quetzal" ] || { echo "start.sh: $quetzal is missing; run 'npm start' in the clone once." >&2; exit 1; }
node "$quetzal" apply "$here"
id=$(node -p 'JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8")).id' "$here/config.json")
state=$(node "$quetzal" vm show -o json -- "$id" | node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).state')
case $state in
  DEFINED | STOPPED | CRASHED) exec node "$quetzal" vm start --wait -- "$id" ;;
  *) echo "$id is $state: nothing to start" ;;
esac
