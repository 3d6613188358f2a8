// Where the server is and who speaks to it. Knows nothing of files or environment: config.ts finds these.

export interface Endpoint {
  /** Base URL or that of /graphql itself, http or https. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`; absent: none is sent. */
  readonly token?: string;
}

/** Asked again before every connection, for the server may come back on another port. */
export type EndpointSource = () => Endpoint;

/** The URL that takes GraphQL over HTTP. */
export function httpUrl(endpoint: Endpoint): URL {
  const url = new URL(endpoint.url);
  if (url.pathname === "/" || url.pathname === "") url.pathname = "/graphql";
  return url;
}

/** The URL that takes GraphQL over WebSocket: the same port and path. */
export function webSocketUrl(endpoint: Endpoint): URL {
  const url = httpUrl(endpoint);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url;
}
