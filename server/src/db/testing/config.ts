// For the database tests: what they take from the environment.

/** A Postgres to run the tests on as well; null when none is named. */
export function externalDatabaseUrl(): string | null {
  const url = process.env["DATABASE_URL"];
  return url === undefined || url === "" ? null : url;
}
