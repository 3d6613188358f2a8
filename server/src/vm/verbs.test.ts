import { describe, expect, it } from "vitest";
import type { Viewer } from "../token/model.js";
import type { VmState } from "./model.js";
import { verbAvailability } from "./verbs.js";

const ADMIN: Viewer = { tokenId: "t", name: "local", role: "ADMIN", expiresAt: null };
const reasonOf = (verb: string, state: VmState, isProtected: boolean): string | null | undefined =>
  verbAvailability({ id: "web-1", state, protected: isProtected }, ADMIN, true).find((one) => one.verb === verb)?.reason;

describe("what may be done to a protected VM", () => {
  it.each([["DELETE", "STOPPED"], ["FORCE_OFF", "RUNNING"]] as const)("%s is refused with the command that allows it", (verb, state) => {
    expect(reasonOf(verb, state, true)).toBe("it is protected: 'quetzal vm unprotect web-1' allows it");
    expect(reasonOf(verb, state, false)).toBeNull();
  });

  it.each([["STOP", "RUNNING"], ["RESET", "RUNNING"], ["PAUSE", "RUNNING"], ["START", "STOPPED"]] as const)("%s is not refused for it", (verb, state) => {
    expect(reasonOf(verb, state, true)).toBeNull();
  });
});
