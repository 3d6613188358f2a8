import { describe, expect, it } from "vitest";
import { PAGES } from "../store/state.js";
import { PLAIN_PAGES, plainPageNamed } from "./plain-pages.js";

describe("a page as plain text", () => {
  it.each(PLAIN_PAGES)("is told by its name: %s", (page) => expect(plainPageNamed(page)).toEqual({ page }));

  it.each(PAGES.filter((page) => !PLAIN_PAGES.some((plain) => plain === page)))("that is for the screen alone names its command: %s", (page) => {
    expect(plainPageNamed(page)).toEqual({ reason: expect.stringMatching(/'quetzal [a-z]+.*' tells it in text; pages as plain text are overview, vm/) as string });
  });

  it("that does not exist is said not to, with those that do", () => {
    expect(plainPageNamed("toString")).toEqual({ reason: "There is no such page; pages as plain text are overview, vm, why, memory, hosts, events, operations, alerts." });
  });
});
