// docs/keys.md is what the key table says now.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { KEYS_DOCUMENT_PATH, keysDocument } from "../../tui/src/keys-document.js";

it("finds docs/keys.md as the key table prints it (else: npm run generate)", () => {
  expect(readFileSync(KEYS_DOCUMENT_PATH, "utf8")).toBe(keysDocument());
});
