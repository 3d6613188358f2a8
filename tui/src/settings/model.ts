// What a person can set in config.yaml, as plain values. First as written (each with its line, so that whoever finds it
// wrong later can say where), then as the dashboard takes it. Knows neither YAML nor files.

/** A value and the line of the file that it stands on, from 1. */
export interface Placed<Value> { readonly value: Value; readonly line: number }

/** What is wrong with one line; the rest of the file holds. */
export interface SettingsFault {
  readonly line: number;
  readonly text: string;
  /** Whom alone it can hinder; absent: whoever reads the file. */
  readonly concerns?: "dashboard";
}

/** A fault as people read it. */
export function faultText({ line, text }: SettingsFault): string {
  return `config.yaml line ${line}: ${text}`;
}

/** A server and how to be let in. */
export interface ServerContext {
  readonly name: string;
  /** Where the file says how to be let in, or else where the context begins. */
  readonly line: number;
  readonly url: string;
  readonly token: string | null;
  /** Absolute, or below the folder of config.yaml. */
  readonly tokenFile: string | null;
}

export interface WrittenView {
  readonly name: string;
  readonly filter: Placed<string> | null;
  readonly columns: readonly Placed<string>[] | null;
  readonly sort: Placed<string> | null;
}

export interface UserCommand {
  readonly name: string;
  readonly key: string | undefined;
  /** Program and arguments, never a shell's line; {vm} {name} {host} {url} stand for the chosen VM. */
  readonly run: readonly [string, ...string[]];
  /** Filter text: only for VMs that match. */
  readonly where: string | undefined;
  /** Asked about first. */
  readonly confirm: boolean;
}

export interface WrittenCommand extends Omit<UserCommand, "where"> { readonly where: Placed<string> | undefined }

/** A filter of the file: whether it is one is for the server to say, whose language it is. */
export interface WrittenFilter {
  readonly text: string;
  readonly line: number;
  readonly of: "view" | "command";
  /** Of the view or command. */
  readonly name: string;
}

export const COMMAND_PLACEHOLDERS = ["vm", "name", "host", "url"] as const;

export type CpuScale = "core" | "vm";

export interface WrittenTheme {
  readonly name: string;
  readonly base: Placed<string> | null;
  /** Role to #rrggbb. */
  readonly colours: readonly (readonly [Placed<string>, string])[];
}

export interface WrittenSettings {
  readonly current: Placed<string> | null;
  readonly contexts: readonly ServerContext[];
  readonly keys: readonly (readonly [Placed<string>, readonly string[]])[];
  readonly columns: readonly Placed<string>[] | null;
  readonly sort: Placed<string> | null;
  readonly theme: Placed<string> | null;
  readonly themes: readonly WrittenTheme[];
  readonly cpuScale: CpuScale;
  readonly mouse: boolean;
  readonly views: readonly WrittenView[];
  readonly commands: readonly Placed<WrittenCommand>[];
}

export const NOTHING_WRITTEN: WrittenSettings = {
  current: null, contexts: [], keys: [], columns: null, sort: null, theme: null, themes: [], cpuScale: "core", mouse: false, views: [], commands: [],
};

/** The file as read. */
export interface SettingsFile {
  readonly path: string;
  readonly written: WrittenSettings;
  readonly faults: readonly SettingsFault[];
}

/** The context that every machine has: its own server, found by its state folder. */
export const LOCAL_CONTEXT = "local";
