// The version of this build. Read from package.json, which the bundler puts in as text.
import pkg from "../../../package.json" with { type: "json" };

export const VERSION: string = pkg.version;
