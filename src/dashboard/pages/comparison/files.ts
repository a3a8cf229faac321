import { save } from '../../charts/downloads.js';

/** Pictures and texts as files. */

export function saveText(text: string, name: string, type: string): void {
  save(new Blob([text], { type }), name);
}

/** Draws a self-contained SVG document at twice its size. */
export async function savePng(svg: string, name: string): Promise<void> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = 2 * image.naturalWidth;
    canvas.height = 2 * image.naturalHeight;
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (blob) save(blob, name);
  } finally {
    URL.revokeObjectURL(address);
  }
}
