/** The pixel work of the example: plain arithmetic on typed arrays, no native code. */

/** Brightness, one byte per pixel, row by row. */
export interface GrayImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Red, green, blue and opacity, four bytes per pixel, row by row. */
export interface ColorImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Brightness by the weights of ITU-R BT.601, in 16-bit fixed point. */
export const toGray = ({ width, height, data }: ColorImage): GrayImage => {
  const pixels = new Uint8Array(width * height);
  for (let i = 0, j = 0; i < pixels.length; i++, j += 4) {
    pixels[i] = (19595 * (data[j] ?? 0) + 38470 * (data[j + 1] ?? 0) + 7471 * (data[j + 2] ?? 0)) >> 16;
  }
  return { width, height, pixels };
};

/** 3 × 3 binomial blur: without it, edge detection finds the grain of the film. */
export const blur = ({ width, height, pixels }: GrayImage): GrayImage => {
  const out = new Uint8Array(pixels);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      const at = (offset: number): number => pixels[i + offset] ?? 0;
      const corners = at(-width - 1) + at(-width + 1) + at(width - 1) + at(width + 1);
      const sides = at(-width) + at(width) + at(-1) + at(1);
      out[i] = (corners + 2 * sides + 4 * at(0)) >> 4;
    }
  }
  return { width, height, pixels: out };
};

/** Sobel gradient magnitude, clamped to a byte; the border is black. */
export const sobel = ({ width, height, pixels }: GrayImage): GrayImage => {
  const out = new Uint8Array(pixels.length);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x;
      const at = (offset: number): number => pixels[i + offset] ?? 0;
      const left = at(-width - 1) + 2 * at(-1) + at(width - 1);
      const right = at(-width + 1) + 2 * at(1) + at(width + 1);
      const above = at(-width - 1) + 2 * at(-width) + at(-width + 1);
      const below = at(width - 1) + 2 * at(width) + at(width + 1);
      out[i] = Math.min(255, Math.hypot(right - left, below - above));
    }
  }
  return { width, height, pixels: out };
};

export const toColor = ({ width, height, pixels }: GrayImage): ColorImage => {
  const data = new Uint8Array(pixels.length * 4);
  for (let i = 0, j = 0; i < pixels.length; i++, j += 4) {
    const value = pixels[i] ?? 0;
    data[j] = data[j + 1] = data[j + 2] = value;
    data[j + 3] = 255;
  }
  return { width, height, data };
};

/** Fits an image into a box, keeping its shape; each output pixel is the mean of the input pixels it covers. */
export const shrink = (image: ColorImage, widthMax: number, heightMax: number): ColorImage => {
  const scale = Math.min(1, widthMax / image.width, heightMax / image.height);
  const width = Math.max(1, Math.floor(image.width * scale));
  const height = Math.max(1, Math.floor(image.height * scale));
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      meanInto(image, x / scale, y / scale, 1 / scale, data, (y * width + x) * 4);
  }
  return { width, height, data };
};

const meanInto = (
  image: ColorImage,
  left: number,
  top: number,
  size: number,
  out: Uint8Array,
  at: number,
): void => {
  const [x0, y0] = [Math.floor(left), Math.floor(top)];
  const x1 = Math.min(image.width, Math.max(x0 + 1, Math.floor(left + size)));
  const y1 = Math.min(image.height, Math.max(y0 + 1, Math.floor(top + size)));
  const sum = [0, 0, 0];
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const i = (y * image.width + x) * 4;
      for (let channel = 0; channel < 3; channel++)
        sum[channel] = (sum[channel] ?? 0) + (image.data[i + channel] ?? 0);
    }
  }
  const count = Math.max(1, (x1 - x0) * (y1 - y0));
  for (let channel = 0; channel < 3; channel++) out[at + channel] = Math.round((sum[channel] ?? 0) / count);
  out[at + 3] = 255;
};

/** Lays images out in a grid of equal cells on black. */
export const grid = (
  images: readonly ColorImage[],
  columns: number,
  cellWidth: number,
  cellHeight: number,
): ColorImage => {
  const rows = Math.ceil(images.length / columns);
  const [width, height] = [columns * cellWidth, rows * cellHeight];
  const data = new Uint8Array(width * height * 4);
  for (let i = 3; i < data.length; i += 4) data[i] = 255;
  images.forEach((image, index) => {
    const left = (index % columns) * cellWidth + Math.floor((cellWidth - image.width) / 2);
    const top = Math.floor(index / columns) * cellHeight + Math.floor((cellHeight - image.height) / 2);
    for (let y = 0; y < image.height; y++) {
      data.set(
        image.data.subarray(y * image.width * 4, (y + 1) * image.width * 4),
        ((top + y) * width + left) * 4,
      );
    }
  });
  return { width, height, data };
};
