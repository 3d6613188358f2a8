// The prebuilt node-pty declares its types under its own package name; this gives them the name we import.
declare module "node-pty" {
  export * from "@lydell/node-pty";
}
