// A program on the generated client: it must compile.
import createClient from 'openapi-fetch';
import type { components, paths } from './api';

type Schemas = components['schemas'];
type Extra = Schemas['GigView']['extras'][number];

const api = createClient<paths>({ baseUrl: 'https://gigmarket.example/api' });

export async function sell(token: string): Promise<Schemas['GigView']> {
  const { data, error } = await api.POST('/gigs', {
    headers: { Authorization: `Bearer ${token}` },
    params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
    body: {
      title: 'I will design a logo',
      category: 'logo-design',
      language: 'en',
      currency: 'USD',
      packages: [{ tier: 'basic', name: 'Logo', description: 'One logo', price_minor: 10_000, delivery_days: 3 }],
      extras: [{ kind: 'fast_delivery', id: 'fast', price_minor: 1_500, delivery_days: 1 }],
    },
  });
  if (error) throw new Error(`${error.type}: ${error.detail}`);
  return data;
}

export async function titles(category: string): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const { data, error }: Awaited<ReturnType<typeof page>> = await page(category, cursor);
    if (error) throw new Error(error.detail);
    found.push(...data.items.map((gig) => gig.title));
    cursor = data.next_cursor;
  } while (cursor !== null);
  return found;
}

function page(category: string, cursor: string | null) {
  return api.GET('/gigs', { params: { query: { category, limit: 50, cursor: cursor ?? undefined } } });
}

// Each kind has its own fields, and these are all kinds there are: otherwise not every way would return.
export function describe(extra: Extra): string {
  switch (extra.kind) {
    case 'fast_delivery':
      return `within ${extra.delivery_days} days`;
    case 'extra_revisions':
      return `${extra.revisions} more revisions`;
    case 'custom':
      return `${extra.title}, ${extra.additional_days} more days`;
  }
}

export async function accept(orderId: string, token: string): Promise<Schemas['OrderState']> {
  const { data, error } = await api.POST('/orders/{order_id}/accept', {
    headers: { Authorization: `Bearer ${token}` },
    params: { path: { order_id: orderId }, header: { 'Idempotency-Key': crypto.randomUUID() } },
  });
  if (error) throw new Error(error.detail);
  return data.state;
}
