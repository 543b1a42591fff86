/** Pieces of SVG and HTML text. */

export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

type Attributes = Readonly<Record<string, string | number | undefined>>;

const shown = (value: string | number): string =>
  typeof value === 'number' ? String(Math.round(value * 100) / 100) : escapeText(value);

/** An element; `inside` is markup. Attributes that are undefined are left out. */
export const element = (tag: string, attributes: Attributes, inside: string = ''): string => {
  const words = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${shown(value ?? '')}"`);
  return inside === '' ? `<${tag}${words.join('')}/>` : `<${tag}${words.join('')}>${inside}</${tag}>`;
};

export const textAt = (
  x: number,
  y: number,
  text: string,
  look: { readonly class?: string; readonly anchor?: 'start' | 'middle' | 'end' } = {},
): string => element('text', { x, y, class: look.class, 'text-anchor': look.anchor }, escapeText(text));

export interface Spot {
  readonly x: number;
  readonly y: number;
}

const at = ({ x, y }: Spot): string => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;

export const linePath = (spots: readonly Spot[]): string =>
  spots.map((spot, index) => `${index === 0 ? 'M' : 'L'}${at(spot)}`).join('');

/** The band between two lines. */
export const bandPath = (above: readonly Spot[], below: readonly Spot[]): string =>
  above.length === 0 ? '' : `${linePath([...above, ...below.toReversed()])}Z`;
