// One rule set for every TypeScript tier: type-checked, no floating promises, no `any`, process.env in config files only.
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", "hypervisor/", "**/generated/**"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "no-restricted-properties": ["error", { object: "process", property: "env", message: "Read the environment in the tier's config file and pass it on." }],
      "max-lines-per-function": ["error", { max: 70, skipBlankLines: true, skipComments: true }],
    },
  },
  { files: ["**/config.ts", "tui/launch/*.mjs", "*.config.ts"], rules: { "no-restricted-properties": "off" } },
  { files: ["**/*.test.ts", "test/**"], rules: { "max-lines-per-function": "off", "no-restricted-properties": "off" } },
  { files: ["**/*.mjs", "*.js"], ...tseslint.configs.disableTypeChecked },
);
