// The README's examples, run as written against a private stack. Only the block that says where the server is gets
// replaced, since this stack listens elsewhere.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root, Stack } from "../support/stack.js";
import { smallGuest, VmDriver } from "../support/vm.js";

const readme = readFileSync(join(root, "README.md"), "utf8");
/** Every block marked `sh` is meant to be pasted. */
const blocks = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = ""]) => text);
const examples = blocks.filter((text) => !text.startsWith("QUETZAL_URL="));

let stack: Stack;
beforeAll(async () => {
  stack = await Stack.start();
  const vm = await VmDriver.define(stack, smallGuest("test-vm-001"));
  await vm.start();
});
afterAll(() => stack[Symbol.asyncDispose]());

async function paste(script: string): Promise<string> {
  const env = { ...process.env, QUETZAL_URL: stack.url, QUETZAL_TOKEN: stack.token };
  // curl leaves a stream with this code when --max-time is over, as the example means it to.
  return (await promisify(execFile)("sh", ["-eu", "-c", `{ ${script} } || [ $? = 28 ]`], { env })).stdout;
}
const example = (word: string): string => examples.find((text) => text.includes(word)) ?? "";

it("says where the server is and has an example of a query, a mutation and a subscription", () => {
  expect(blocks).toHaveLength(4);
  expect(examples).toHaveLength(3);
});

it("shows the VMs with the query", async () => {
  const { data } = JSON.parse(await paste(example("vms("))) as { data: { vms: { nodes: { id: string; state: string }[] } } };
  expect(data.vms.nodes).toEqual([expect.objectContaining({ id: "test-vm-001", state: "RUNNING" })]);
});

it("pauses and resumes with the mutations", async () => {
  const answers = (await paste(example("pauseVm"))).trim().split("\n");
  expect(answers.map((text) => JSON.parse(text) as unknown)).toEqual([
    { data: { pauseVm: expect.objectContaining({ __typename: "VmOperationAccepted" }) as unknown } },
    { data: { resumeVm: expect.objectContaining({ __typename: "VmOperationAccepted" }) as unknown } },
  ]);
});

it("streams live figures with the subscription", async () => {
  const lines = (await paste(example("subscription"))).split("\n").filter((line) => line.startsWith("data: {"));
  expect(lines.length).toBeGreaterThanOrEqual(3);
  expect(lines.join("\n")).toContain('"vmId":"test-vm-001"');
});
