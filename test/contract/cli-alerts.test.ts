// `quetzal alert` and `vm ls --filter`, run as a person runs them, against a server whose answers are scripted.
import { describe, expect, it } from "vitest";
import { ClientBundle } from "../support/client-bundle.js";
import { ScriptedServer } from "../support/scripted-server.js";

const RULE = { id: "hot", name: "Hot", where: "cpu>80", forSeconds: 60, severity: "WARNING", enabled: true, updatedAt: "2026-01-01T00:00:00.000Z", updatedBy: "c\u001b[31mi" };
const asked: { put?: Record<string, unknown>; where?: string | null } = {};

const script = {
  Query: {
    alerts: () => [{ id: "1", vmId: "web-1", since: "2026-01-01T00:00:00.000Z", message: "\u001b[2JHot: cpu 98% (>80).", rule: RULE }],
    alertRules: () => [RULE],
    hosts: () => [],
    vms: (_: unknown, { filter }: { filter: { where: string | null } }) => {
      asked.where = filter.where;
      return { nodes: [], edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false }, totalCount: 0 };
    },
  },
  Mutation: {
    putAlertRule: (_: unknown, { input }: { input: Record<string, unknown> & { where: string } }) => {
      asked.put = input;
      if (input.where === "cpu>") return { __typename: "InvalidInput", message: "Column 5: expected a value, found the end.", field: "where", column: 5 };
      return { __typename: "PutAlertRuleSuccess", matchesNow: 1, rule: { ...RULE, ...input } };
    },
    deleteAlertRule: (_: unknown, { input }: { input: { id: string } }) =>
      input.id === "hot" ? { __typename: "DeleteAlertRuleSuccess", alertsCleared: 2, rule: RULE } : { __typename: "AlertRuleNotFound", id: input.id, message: "No alert rule has the id \"x\"." },
  },
};

const bundle = new ClientBundle();
const server = ScriptedServer.forFile(script);

async function quetzal(...args: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const { code, out, err } = await bundle.run(args, server.environment);
  return { code, stdout: out, stderr: err };
}

describe("quetzal alert", { timeout: 60_000 }, () => {
  it("lists what fires and the rules, and lets no control character through", async () => {
    const fires = await quetzal("alert", "ls");
    expect(fires.stdout).toMatch(/SEVERITY +VM +AGE +WHAT/);
    expect(fires.stdout).toMatch(/warning +web-1 .*\?\[2JHot: cpu 98% \(>80\)\./);
    const rules = await quetzal("alert", "rules");
    expect(rules.stdout).toMatch(/hot +warning +60s +yes +c\?\[31mi +cpu>80 +Hot/);
    expect(JSON.parse((await quetzal("alert", "rules", "-o", "json")).stdout)).toEqual([RULE]);
  });

  it("changes of a rule what is said, and makes a new one of a condition", async () => {
    const changed = await quetzal("alert", "put", "hot", "--for", "0", "--severity", "critical", "--disable");
    expect(changed.stdout.trim()).toBe("hot: is cpu>80 for 0s, critical, disabled; 1 VM passes now");
    expect(asked.put).toMatchObject({ id: "hot", name: "Hot", where: "cpu>80", forSeconds: 0, severity: "CRITICAL", enabled: false, dryRun: false });
    await quetzal("alert", "put", "new", "--where", "rss>1G", "--dry-run");
    expect(asked.put).toMatchObject({ id: "new", name: "new", where: "rss>1G", forSeconds: 60, severity: "WARNING", enabled: true, dryRun: true });
    expect(await quetzal("alert", "put", "other")).toMatchObject({ code: 2, stderr: expect.stringContaining("--where 'cpu>80'") as string });
  });

  it("marks the place where a condition is no filter", async () => {
    const { code, stderr } = await quetzal("alert", "put", "hot", "--where", "cpu>");
    expect(code).toBe(2);
    expect(stderr.split("\n")).toEqual(["quetzal: Column 5: expected a value, found the end.", "  cpu>", "      ^", ""]);
  });

  it("deletes a rule, and says by its exit code when there is none", async () => {
    expect((await quetzal("alert", "rm", "hot", "--dry-run")).stdout.trim()).toBe("hot: would be deleted; 2 alerts end with it");
    expect((await quetzal("alert", "rm", "x")).code).toBe(3);
  });
});

it("vm ls --filter gives its text to the server as it is", async () => {
  await quetzal("vm", "ls", "--filter", "state:running cpu>50");
  expect(asked.where).toBe("state:running cpu>50");
});
