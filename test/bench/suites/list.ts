// The list of 30 VMs over a held connection.
import { Stack } from "../../support/stack.js";
import { bareGuest, VmDriver } from "../../support/vm.js";
import { figure } from "../figure.js";
import { type Suite, stopwatch, timed } from "../suite.js";

const VMS = 30;
const DOCUMENT = "{ vms(first: 100) { totalCount nodes { id name state stateSince vcpus memoryBytes latest { cpuRatio rssBytes } } } }";

export const list: Suite = {
  name: "list",
  about: `${VMS} VMs with their newest samples over a held connection`,
  async run() {
    await using stack = await Stack.start();
    for (let index = 0; index < VMS; index++) await VmDriver.define(stack, bareGuest(`bench-list-${index}`));
    const samples = await timed(200, () => stopwatch(() => stack.api.query(DOCUMENT)), 50);
    return [figure(`list of ${VMS} VMs over a held connection`, "ms", samples, { atMost: 5 })];
  },
};
