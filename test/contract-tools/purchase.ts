/** What each generated client does: sign in, find a product, buy one, ask for more than there is, read the order. */
export type Purchase = (what: { baseUrl: string; username: string; password: string; name: string }) => Promise<{
  id: string;
  state: string | undefined;
  total: number | bigint | undefined;
  refusedWith: string | undefined;
}>;
