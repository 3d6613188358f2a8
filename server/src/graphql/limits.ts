// What a query may cost: its depth, and the fields it could resolve when every list is as long as it may be. Pure.
import {
  getNamedType, getNullableType, GraphQLError, isListType, isObjectType, isInterfaceType, Kind, parse, valueFromASTUntyped,
  type DocumentNode, type FieldNode, type FragmentDefinitionNode, type GraphQLNamedType, type GraphQLSchema, type OperationDefinitionNode, type SelectionSetNode,
} from "graphql";
import { MAX_PAGE_VMS } from "../vm/list.js";

/** The deepest useful query is about 9 levels: applyVms, results, vm, latest, disks, … */
export const MAX_QUERY_DEPTH = 12;
/** 1,000 VMs with 200 fields each: twice what a full dashboard of 1,000 VMs asks for. */
export const MAX_QUERY_COST = 200_000;
/** A query of ours has below 1,000 tokens; parsing is work before anything can be judged. */
export const MAX_QUERY_TOKENS = 10_000;

/** How many items a list may have that does not say so by `first` or `last`. */
const LIST_ITEMS = 8;
/** What a page holds when the client does not say. */
const DEFAULT_PAGE_ITEMS: Readonly<Record<string, number>> = { vms: MAX_PAGE_VMS, operations: 50, audit: 100, events: 100 };
/** Lists that are as long as the VMs are many, and take no argument that says so. */
const VM_LISTS = new Set(["PastFrame.vms"]);
const VM_LIST_ITEMS = 100;
/** Lists inside a page, whose length the page has said already. */
const PAGE_LISTS = new Set(["edges", "nodes", "events"]);
const PAGE_TYPES = /(Connection|Page)$/;

export function parseLimited(source: string): DocumentNode {
  return parse(source, { maxTokens: MAX_QUERY_TOKENS });
}

/** Null when the operation is within the limits. Expects a valid document. */
export function checkLimits(schema: GraphQLSchema, document: DocumentNode, operationName: string | null | undefined, variables: Readonly<Record<string, unknown>> | null | undefined): GraphQLError | null {
  const operation = document.definitions.find((node): node is OperationDefinitionNode =>
    node.kind === Kind.OPERATION_DEFINITION && (operationName == null || node.name?.value === operationName));
  const root = operation === undefined ? null : schema.getRootType(operation.operation);
  if (operation === undefined || root == null) return null;
  const fragments = new Map(document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION).map((node): [string, FragmentDefinitionNode] => [node.name.value, node]));
  try {
    new Meter(schema, fragments, variables ?? {}).walk(operation.selectionSet, root, 1, 1);
    return null;
  } catch (error) {
    if (error instanceof LimitExceeded) return new GraphQLError(error.message, { extensions: { code: "QUERY_TOO_EXPENSIVE" } });
    throw error;
  }
}

class LimitExceeded extends Error {}

class Meter {
  #cost = 0;

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>,
    private readonly variables: Readonly<Record<string, unknown>>,
  ) {}

  walk(selectionSet: SelectionSetNode, parent: GraphQLNamedType, depth: number, times: number): void {
    if (depth > MAX_QUERY_DEPTH) throw new LimitExceeded(`The query is deeper than ${MAX_QUERY_DEPTH} levels; ask for less at once.`);
    for (const selection of selectionSet.selections) {
      // Every visit counts, so that fragments which name each other many times end here too.
      this.#spend(times);
      switch (selection.kind) {
        case Kind.FIELD:
          this.#field(selection, parent, depth, times);
          break;
        case Kind.INLINE_FRAGMENT: {
          const on = selection.typeCondition === undefined ? parent : this.schema.getType(selection.typeCondition.name.value);
          if (on !== undefined) this.walk(selection.selectionSet, on, depth, times);
          break;
        }
        case Kind.FRAGMENT_SPREAD: {
          const fragment = this.fragments.get(selection.name.value);
          const on = fragment === undefined ? undefined : this.schema.getType(fragment.typeCondition.name.value);
          if (fragment !== undefined && on !== undefined) this.walk(fragment.selectionSet, on, depth, times);
          break;
        }
      }
    }
  }

  #field(node: FieldNode, parent: GraphQLNamedType, depth: number, times: number): void {
    // Introspection is of a fixed size, and graphql's own rules bound its depth.
    if (node.selectionSet === undefined || node.name.value.startsWith("__")) return;
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined;
    if (field === undefined) return;
    const isList = isListType(getNullableType(field.type));
    const isPaged = field.args.some((arg) => arg.name === "first" || arg.name === "last");
    const items = isPaged ? this.#pageItems(node) : isList && !(PAGE_TYPES.test(parent.name) && PAGE_LISTS.has(node.name.value)) ? listItems(parent.name, node.name.value) : 1;
    this.walk(node.selectionSet, getNamedType(field.type), depth + 1, times * items);
  }

  #pageItems(node: FieldNode): number {
    for (const argument of node.arguments ?? []) {
      if (argument.name.value !== "first" && argument.name.value !== "last") continue;
      const value: unknown = valueFromASTUntyped(argument.value, this.variables);
      if (typeof value === "number") return Math.max(1, value);
    }
    return DEFAULT_PAGE_ITEMS[node.name.value] ?? LIST_ITEMS;
  }

  #spend(cost: number): void {
    this.#cost += cost;
    if (this.#cost > MAX_QUERY_COST) throw new LimitExceeded(`The query could touch more than ${MAX_QUERY_COST} fields; ask for fewer items (first, last) or fewer fields.`);
  }
}

function listItems(type: string, field: string): number {
  return VM_LISTS.has(`${type}.${field}`) ? VM_LIST_ITEMS : LIST_ITEMS;
}
