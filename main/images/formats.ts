import { UserError } from '../contract/errors.ts';

export const imageFormats = ['png', 'jpeg', 'webp', 'bmp', 'gif', 'tiff'] as const;
export type ImageFormat = (typeof imageFormats)[number];

/** Extensions under which images are looked for in folders. What a file is, is decided by its content. */
export const imageExtensions: ReadonlySet<string> = new Set([
  '.png',
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.webp',
  '.bmp',
  '.dib',
  '.gif',
  '.tif',
  '.tiff',
]);

/** Images that the studio does not read, by extension: named in a report rather than left out in silence. */
export const foreignExtensions: ReadonlyMap<string, string> = new Map([
  ['.czi', 'a Zeiss CZI file'],
  ['.nd2', 'a Nikon ND2 file'],
  ['.lif', 'a Leica LIF file'],
  ['.oib', 'an Olympus OIB file'],
  ['.oif', 'an Olympus OIF file'],
  ['.vsi', 'an Olympus VSI slide'],
  ['.svs', 'an Aperio slide'],
  ['.ndpi', 'a Hamamatsu slide'],
  ['.mrxs', 'a MIRAX slide'],
  ['.scn', 'a Leica slide'],
  ['.dcm', 'a DICOM file'],
  ['.heic', 'an HEIC image'],
  ['.heif', 'an HEIF image'],
  ['.avif', 'an AVIF image'],
  ['.jp2', 'a JPEG 2000 image'],
  ['.jxl', 'a JPEG XL image'],
  ['.psd', 'a Photoshop file'],
  ['.svg', 'an SVG drawing'],
]);

/** How many bytes from the start of a file `sniffFormat` and `describeContent` look at. */
export const sniffLength = 64;

const ascii = (bytes: Uint8Array, start: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(start, start + length));

/** The format by the signature at the start of a file; undefined for anything that is not read. */
export function sniffFormat(head: Uint8Array): ImageFormat | undefined {
  if (ascii(head, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (ascii(head, 0, 3) === '\xff\xd8\xff') return 'jpeg';
  if (/^GIF8[79]a$/.test(ascii(head, 0, 6))) return 'gif';
  if (ascii(head, 0, 4) === 'RIFF' && ascii(head, 8, 4) === 'WEBP') return 'webp';
  // The two bytes of a bitmap are also two common letters: the four reserved bytes must be zero, and the header a known one.
  if (
    ascii(head, 0, 2) === 'BM' &&
    head.length >= 18 &&
    ascii(head, 6, 4) === '\0\0\0\0' &&
    ascii(head, 15, 3) === '\0\0\0'
  )
    return 'bmp';
  // 42: TIFF; 43: BigTIFF.
  if (/^(II[*+]\0|MM\0[*+])$/.test(ascii(head, 0, 4))) return 'tiff';
  return undefined;
}

/** What a file that is not read looks like, to end the sentence "it is …". */
function describeContent(head: Uint8Array): string {
  const start = ascii(head, 0, 16);
  if (start.startsWith('%PDF')) return 'a PDF document';
  if (start.startsWith('PK\x03\x04')) return 'a ZIP archive';
  if (start.startsWith('ZISRAWFILE')) return 'a Zeiss CZI file';
  if (start.startsWith('8BPS')) return 'a Photoshop file';
  if (ascii(head, 4, 4) === 'ftyp') return 'an HEIC, AVIF or video file';
  if (ascii(head, 4, 4) === 'jP  ') return 'a JPEG 2000 or ND2 file';
  if (head.every((byte) => byte === 0)) return 'nothing but zeros';
  if (head.every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13)) return 'text';
  return 'of a kind that is not known';
}

/**
 * Decides by content what a file is.
 *
 * @param head its first `sniffLength` bytes, or all of it
 * @throws UserError when it is none of the formats that are read
 */
export function formatOf(path: string, head: Uint8Array): ImageFormat {
  if (head.length === 0) throw new UserError(`${path}: the file is empty.`);
  const format = sniffFormat(head);
  if (format) return format;
  throw new UserError(
    `${path}: this is not an image that is read here: by its content it is ${describeContent(head)}. ` +
      'PNG, JPEG, WebP, BMP, GIF and TIFF are read; convert it to one of them.',
  );
}
