// Laws of what a server that cannot start says.
import { expect, it } from "vitest";
import { startFault } from "./start-fault.js";

const fault = (code: string, path?: string): Error => Object.assign(new Error(`${code}: as the system says`), { code, path });

it.each([
  ["EACCES", "give its folder to the user that the server runs as"],
  ["EPERM", "give its folder to the user that the server runs as"],
  ["EROFS", "mount its file system writable"],
  ["ENOTDIR", "move the file away"],
  ["ENOSPC", "make room"],
])("names the place and the mend where the system says %s", (code, mend) => {
  expect(startFault(fault(code, "/state/server"))).toMatch(new RegExp(`^/state/server cannot be written \\(${code}: as the system says\\): ${mend}.*, or set QUETZAL_STATE_DIR to a folder that it can write\\.$`));
});

it("tells any other error as it is", () => {
  expect(startFault(fault("EADDRINUSE"))).toBe("EADDRINUSE: as the system says");
  expect(startFault(fault("EACCES"))).toBe("EACCES: as the system says");
  expect(startFault(fault("ENOENT", "/x"))).toBe("ENOENT: as the system says");
  expect(startFault("no error")).toBe("no error");
});
