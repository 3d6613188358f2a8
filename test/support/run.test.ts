// That a program which fails in a test tells what it said.
import { describe, expect, it } from "vitest";
import { endWith, run, succeed } from "./run.js";

const sh = (script: string): ReturnType<typeof run> => run("sh", ["-c", script]);

describe("a program run to its end", () => {
  it("is told by its code and what it said, apart and together", async () => {
    expect(await sh("echo one; sleep 0.2; echo two >&2; exit 3")).toEqual({
      command: "sh -c echo one; sleep 0.2; echo two >&2; exit 3", code: 3, signal: null, stdout: "one\n", stderr: "two\n", text: "one\ntwo\n",
    });
    expect(await sh("kill -9 $$")).toMatchObject({ code: null, signal: "SIGKILL" });
  });

  it("reads its input, and characters cut in two by the pipe stay whole", async () => {
    const input = "ñ".repeat(200_001);
    expect((await run("cat", [], { input })).stdout).toBe(input);
    expect(await run("true", [], { input })).toMatchObject({ code: 0 });
  });

  it("fails with everything it said when it ends otherwise than it must", async () => {
    await expect(succeed(sh("echo step 1; echo why >&2; exit 4"))).rejects.toThrow(/ended with 4, not 0\. It said:\nstep 1\nwhy\n$/);
    await expect(succeed(sh("echo last words; kill -9 $$"))).rejects.toThrow(/ended with SIGKILL, not 0\. It said:\nlast words\n$/);
    await expect(endWith(4, sh("echo fine"))).rejects.toThrow(/ended with 0, not 4\. It said:\nfine\n$/);
    expect(await endWith(4, sh("exit 4"))).toMatchObject({ code: 4 });
  });

  it("fails with what it said so far when it hangs, and is ended", async () => {
    await expect(run("sh", ["-c", "echo $$; exec sleep 60"], { timeoutMs: 500 })).rejects.toThrow(/has not ended after 500 ms\. It said:\n\d+\n$/);
  });

  it("fails when it cannot be started", async () => {
    await expect(run("/nowhere/program", [])).rejects.toThrow("ENOENT");
  });
});
