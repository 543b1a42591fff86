/** The task: one photograph in, its edges out. Runs in a worker's processor; the client ships this module there. */
import jpeg from 'jpeg-js';
import { defineTask } from 'muster';
import { blur, shrink, sobel, toColor, toGray, type ColorImage } from './image.ts';

export interface Photo {
  readonly name: string;
  /** A JPEG file. */
  readonly bytes: Uint8Array;
}

export interface Edges {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** A JPEG file of the same size as the photograph. */
  readonly bytes: Uint8Array;
  readonly photoThumbnail: ColorImage;
  readonly edgesThumbnail: ColorImage;
  /** Share of pixels with a clear edge, 0–1. */
  readonly edgeShare: number;
}

/** Gradient magnitude from which a pixel counts as an edge. */
const CLEAR_EDGE = 96;
export const CELL = { width: 240, height: 160 };

export const detect = defineTask(import.meta.url, 'detect', (photo: Photo): Edges => {
  const image = jpeg.decode(photo.bytes, {
    useTArray: true,
    maxMemoryUsageInMB: 1024,
    maxResolutionInMP: 200,
  });
  const edges = sobel(blur(toGray(image)));
  const color = toColor(edges);
  let clear = 0;
  for (const value of edges.pixels) if (value >= CLEAR_EDGE) clear++;
  return {
    name: photo.name,
    width: image.width,
    height: image.height,
    bytes: jpeg.encode(color, 85).data,
    photoThumbnail: shrink(image, CELL.width, CELL.height),
    edgesThumbnail: shrink(color, CELL.width, CELL.height),
    edgeShare: clear / edges.pixels.length,
  };
});
