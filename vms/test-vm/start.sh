#!/bin/sh
# Starts test-vm-001 through the product: applies this folder, then powers the VM on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
quetzal="$here/../../dist/quetzal.js"
[ -f "$quetzal" ] || { echo "start.sh: $quetzal is missing; run 'npm start' in the clone once." >&2; exit 1; }
node "$quetzal" apply "$here"
state=$(node "$quetzal" vm show test-vm-001 -o json | node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).state')
case $state in
  DEFINED | STOPPED | CRASHED) exec node "$quetzal" vm start --wait test-vm-001 ;;
  *) echo "test-vm-001 is $state: nothing to start" ;;
esac
