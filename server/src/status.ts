// What the server says of itself. Pure.
export interface ServerStatus {
  readonly version: string;
  readonly startedAt: Date;
  databaseConnected(): boolean;
}
