// The contract: printed, committed, and every part of it described.
import { readFileSync } from "node:fs";
import { getNamedType, isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType, isObjectType, isSpecifiedScalarType } from "graphql";
import { describe, expect, it } from "vitest";
import { printContract, schema } from "./schema.js";

const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type));

describe("the contract", () => {
  it("is committed as it is printed", () => {
    expect(readFileSync(new URL("../../schema.graphql", import.meta.url), "utf8")).toBe(printContract());
  });

  it("describes every type, field, argument and value", () => {
    const bare: string[] = [];
    const look = (path: string, description: string | null | undefined) => {
      if (description == null || description.trim() === "") bare.push(path);
    };
    for (const type of types) {
      look(type.name, type.description);
      if (isEnumType(type)) for (const value of type.getValues()) look(`${type.name}.${value.name}`, value.description);
      if (isInputObjectType(type)) for (const field of Object.values(type.getFields())) look(`${type.name}.${field.name}`, field.description);
      if (!isObjectType(type) && !isInterfaceType(type)) continue;
      for (const field of Object.values(type.getFields())) {
        look(`${type.name}.${field.name}`, field.description);
        for (const arg of field.args) look(`${type.name}.${field.name}(${arg.name})`, arg.description);
      }
    }
    expect(bare).toEqual([]);
  });

  it("says of every nullable field what null means", () => {
    const silent = types.filter((type) => isObjectType(type)).flatMap((type) =>
      Object.values(type.getFields())
        .filter((field) => !String(field.type).endsWith("!") && !/null|without|until then|else/i.test(field.description ?? ""))
        .map((field) => `${type.name}.${field.name}`));
    expect(silent).toEqual([]);
  });

  it("tells shares as ratios; percent is what people set", () => {
    const settings = /^(limit|cpuBudget|idleTax|high|soft|hard|low)Percent$/;
    const percents = types.filter((type) => isObjectType(type)).flatMap((type) => Object.values(type.getFields()).filter(({ name }) => /percent/i.test(name) && !settings.test(name)).map(({ name }) => `${type.name}.${name}`));
    const metrics = types.filter((type) => isEnumType(type)).flatMap((type) => type.getValues().filter(({ name }) => /PERCENT/.test(name)).map(({ name }) => `${type.name}.${name}`));
    expect([...percents, ...metrics]).toEqual([]);
  });

  it("says the unit of every number whose name does not", () => {
    const silent = types.filter((type) => isObjectType(type)).flatMap((type) =>
      Object.values(type.getFields())
        .filter((field) => ["Float", "Bytes"].includes(getNamedType(field.type).name) && !/ratio|byte|second|load|1 is one core|0 to 1|offset|mean|value/i.test(`${field.name} ${field.description ?? ""}`))
        .filter((field) => !/(PerSecond|Percent)$/.test(field.name))
        .map((field) => `${type.name}.${field.name}`));
    expect(silent).toEqual([]);
  });
});
