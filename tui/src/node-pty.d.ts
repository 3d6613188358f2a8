// The prebuilt node-pty declares its types under its own package name; this gives them the name we import.
/// <reference path="../../node_modules/node-pty/node-pty.d.ts" />
declare module "node-pty" {
  export * from "@lydell/node-pty";
}
