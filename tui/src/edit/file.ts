// The file that an editor is given: readable by its owner alone, in a folder of its own (editors leave copies beside
// what they edit), gone afterwards unless it is worth keeping.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export class EditFile implements Disposable {
  readonly path: string;
  private isKept = false;

  /** `parent` is the folder for temporary files. */
  constructor(parent: string, vmId: string) {
    this.folder = mkdtempSync(join(parent, "quetzal-edit-"));
    this.path = join(this.folder, `${vmId.replace(/[^a-z0-9._-]/g, "_")}.yaml`);
  }
  private readonly folder: string;

  write(text: string): void {
    writeFileSync(this.path, text, { mode: 0o600 });
  }

  /** What the editor left; null where that is no text, or no file any more. */
  read(): string | null {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(this.path));
    } catch {
      return null;
    }
  }

  /** It stays, for what is in it was not carried out. Null where the editor left none. */
  keep(): string | null {
    this.isKept = existsSync(this.path);
    return this.isKept ? this.path : null;
  }

  [Symbol.dispose](): void {
    if (!this.isKept) rmSync(this.folder, { recursive: true, force: true });
  }
}
