"""Rendering: what a revision says as what the public gets, made when it is saved and kept with it.

- **govspeak**, **commonmark**, **completion**: Markdown to HTML, before, in and after the parser.
- **markup**: HTML to harmless HTML. **tags**: what authors write as tags.
- **losses**, **notices**: what of a text does not reach its readers as it was written.
- **members**: the strings of `details` that hold HTML.
- **bounds**: how much may come of it, so that what was saved can be published and served.
- **work**: what runs in a process of its own, where it may take long.
- **renderer**: the way there, and what a refusal says.
"""

from server.content.rendering.notices import MORE_NOTICES, Notice, bounded
from server.content.rendering.renderer import Renderer, Rendering

__all__ = ["MORE_NOTICES", "Notice", "Renderer", "Rendering", "bounded"]
