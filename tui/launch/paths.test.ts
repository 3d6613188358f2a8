// Laws of where state lives.
import { expect, it } from "vitest";
import { resolveCacheDir, resolvePaths, socketPathFault, stateDirFault } from "./paths.mjs";

it("gives root the system folders", () => {
  const paths = resolvePaths({ HOME: "/root", XDG_RUNTIME_DIR: "/run/user/0" }, 0);
  expect([paths.stateDir, paths.runDir]).toEqual(["/var/lib/quetzal", "/run/quetzal"]);
});

it.each([
  [{ HOME: "/home/ada" }, "/home/ada/.local/state/quetzal", "/home/ada/.local/state/quetzal/run"],
  [{ HOME: "/home/ada", XDG_RUNTIME_DIR: "/run/user/7" }, "/home/ada/.local/state/quetzal", "/home/ada/.local/state/quetzal/run"],
  [{ HOME: "/home/ada", XDG_STATE_HOME: "/data" }, "/data/quetzal", "/data/quetzal/run"],
])("gives other users their XDG folders: %j", (env, stateDir, runDir) => {
  expect(resolvePaths(env, 1000)).toMatchObject({ stateDir, runDir });
});

it.each([0, 1000])("lets QUETZAL_STATE_DIR override everything for uid %i", (uid) => {
  const env = { QUETZAL_STATE_DIR: "/tmp/one", HOME: "/home/ada", XDG_RUNTIME_DIR: "/run/user/7" };
  expect(resolvePaths(env, uid)).toMatchObject({ stateDir: "/tmp/one", runDir: "/tmp/one/run", tokenFile: "/tmp/one/server/token" });
});

it("keeps the cache below XDG_CACHE_HOME", () => {
  expect(resolveCacheDir({ HOME: "/home/ada" })).toBe("/home/ada/.cache/quetzal");
  expect(resolveCacheDir({ XDG_CACHE_HOME: "/c" })).toBe("/c/quetzal");
});

it("refuses a run folder whose sockets would not fit, naming the mend", () => {
  expect(socketPathFault("/run/quetzal")).toBeUndefined();
  expect(socketPathFault(`/tmp/${"x".repeat(70)}`)).toMatch(/QUETZAL_STATE_DIR/);
});

it.each(["state", "./state", "../state"])("refuses the relative state folder %s, naming it", (wished) => {
  expect(stateDirFault({ QUETZAL_STATE_DIR: wished })).toContain(`"${wished}"`);
});

it.each([{}, { QUETZAL_STATE_DIR: "" }, { QUETZAL_STATE_DIR: "/tmp/one" }])("has nothing against the state folder of %j", (env) => {
  expect(stateDirFault(env)).toBeUndefined();
});
