// vmDiagnosis over HTTP, against a scripted daemon whose counters make one VM slow.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VmState } from "../../server/src/hypervisor/generated/quetzal/v1/vm.js";
import { ContractStack, until } from "../support/contract.js";
import type { GraphqlPeer } from "../support/graphql.js";

const FINDING = "kind title score advice adviceCommand neighbour { id } evidence { name value threshold unit shareBeyond source text }";
const QUERY = `query ($vm: ID!, $range: TimeRangeInput) { vmDiagnosis(vm: $vm, range: $range) { __typename
  ... on Error { message } ... on VmNotFound { id } ... on InvalidInput { field }
  ... on VmDiagnosis { vm { id } from to stepSeconds verdict summary slowFrom slowTo confidence causes { ${FINDING} } ruledOut { ${FINDING} } notKnown { ${FINDING} } } } }`;

interface Finding { readonly kind: string; readonly score: number; readonly evidence: readonly { readonly value: number | null; readonly text: string; readonly source: string }[] }
interface Answer { readonly __typename: string; readonly verdict: string; readonly causes: Finding[]; readonly ruledOut: Finding[]; readonly notKnown: Finding[]; readonly message?: string }

let stack: ContractStack;
let viewer: GraphqlPeer;
beforeAll(async () => {
  stack = await ContractStack.start((daemon) => {
    daemon.add("web", VmState.VM_STATE_RUNNING);
    daemon.add("off");
  });
  viewer = await stack.peerAs("VIEWER");
});
afterAll(() => stack[Symbol.asyncDispose]());

const ask = async (vm: string, range: object | null = null): Promise<Answer> => (await viewer.query<{ vmDiagnosis: Answer }>(QUERY, { vm, range })).vmDiagnosis;

describe("vmDiagnosis", () => {
  it("judges every cause of a VM once enough of it is known, for a viewer too", async () => {
    await until("two steps of history", async () => (await ask("web")).verdict !== "UNKNOWN", 30_000);
    const { __typename, causes, ruledOut, notKnown, verdict } = await ask("web");
    expect({ __typename, verdict }).toEqual({ __typename: "VmDiagnosis", verdict: "FINE" });
    expect(causes).toEqual([]);
    expect(ruledOut.length + notKnown.length).toBe(13);
    // The scripted host has neither PSI nor quotas, and the scripted VM no packets that are counted.
    expect(notKnown.map(({ kind }) => kind).toSorted()).toEqual(["HOST_CPU", "HOST_IO", "NETWORK_DROPS", "THROTTLING"]);
    for (const { evidence } of [...ruledOut, ...notKnown]) expect(evidence[0]?.source.length).toBeGreaterThan(10);
  });

  it("gives no verdict on a VM that never ran", async () => {
    expect(await ask("off")).toMatchObject({ __typename: "VmDiagnosis", verdict: "UNKNOWN", confidence: null, slowFrom: null, causes: [], ruledOut: [], notKnown: [] });
  });

  it("answers with typed errors", async () => {
    expect(await ask("nobody")).toMatchObject({ __typename: "VmNotFound", id: "nobody" });
    expect(await ask("web", { from: new Date(Date.now() + 60_000).toISOString() })).toMatchObject({ __typename: "InvalidInput", field: "range" });
  });

  it("says so when the database is away, and answers again when it is back", async () => {
    const postgres = stack.postgres();
    postgres.stop();
    try {
      // What is left of a killed Postgres may answer for a moment.
      await until("the answer says so", async () => (await ask("off")).__typename === "DatabaseUnavailable", 30_000);
    } finally {
      postgres.start();
    }
    await until("the database is back", async () => (await ask("off")).__typename === "VmDiagnosis", 30_000);
  });
});
