#!/bin/sh
# Starts test-vm-001 through the product: applies this folder, then powers the VM on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
quetzal="$here/../../dist/quetzal.js"
[ -f "$quetzal" ] || { echo "start.sh: $quetzal is missing; run 'npm start' in the clone once." >&2; exit 1; }
node "$quetzal" apply "$here"
exec node "$quetzal" vm start --wait test-vm-001
