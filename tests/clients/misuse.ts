// What is wrong with each marked line must be found when it is compiled, and nothing else.
import createClient from 'openapi-fetch';
import type { components, paths } from './api';

type Schemas = components['schemas'];
type Extra = Schemas['GigView']['extras'][number];
type Key = { header: { 'Idempotency-Key': string } };

const api = createClient<paths>({ baseUrl: 'https://gigmarket.example/api' });
const params: Key = { header: { 'Idempotency-Key': 'a-key' } };

export const noKey = api.POST('/quotes', { body: { gig_id: 'gig_1' } }); // error TS2345
export const noSuchPath = api.GET('/gig', {}); // error TS2345
export const noSuchMethod = api.DELETE('/me', { params }); // error TS2345
export const noBody = api.POST('/quotes', { params }); // error TS2345
export const missingField = api.POST('/quotes', { params, body: {} }); // error TS2322
export const unknownField: Schemas['AskQuote'] = { gig_id: 'gig_1', price_minor: 1 }; // error TS2353
export const unknownCurrency: Schemas['CurrencyCode'] = 'EUR'; // error TS2322
export const textForNumber = api.GET('/gigs', { params: { query: { limit: 'all' } } }); // error TS2322

export function describe(extra: Extra): string {
  console.log(extra.delivery_days); // error TS2339
  if (extra.kind === 'custom') return extra.title;
  if (extra.kind === 'gift') return 'a gift'; // error TS2367
  return extra.title; // error TS2339
}

export async function answer(): Promise<string> {
  const { data } = await api.GET('/me');
  return data.id; // error TS18048
}
