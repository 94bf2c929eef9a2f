"""Images: whether they are what they say, what they show, and what is made of them. All of it decodes, in a process of its own.

- **metadata**: what an image says beside its pixels: where and by whom it was made, remarks, small versions of itself. Colour
  profiles and resolutions are none.
- **facts**: what is known of an image from its pixels.
- **rendition**: an image made from another one, of another size or in another format.
"""
