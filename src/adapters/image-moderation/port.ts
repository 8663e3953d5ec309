/** Judges what an image shows, before anybody sees it. */
export interface ImageModeration {
  /**
   * @param jpeg a small version of the image, as it will be shown
   * @throws when there is no answer: the image waits, and is judged again
   */
  judge(jpeg: Uint8Array): Promise<'allowed' | 'refused'>;
}
