"""What a program does with the package that openapi-python-client makes of the document."""

import json
import os
from io import BytesIO
from pathlib import Path

from gazette_api import AuthenticatedClient, Client
from gazette_api.api.auth_service import login
from gazette_api.api.delivery_service import get_page
from gazette_api.api.file_service import upload_file_content
from gazette_api.models import GetPageResponse, LoginRequest, LoginResponse, Status, UploadFileContentResponse
from gazette_api.types import File, Unset

GIVEN: dict[str, str] = json.loads(os.environ["GIVEN"])

client = Client(base_url=GIVEN["url"])
read = get_page.sync("guidance/moor-a-boat", client=client)
assert isinstance(read, GetPageResponse)
assert not isinstance(read.page, Unset)
absent = get_page.sync("guidance/nothing", client=client)
assert isinstance(absent, Status)
assert not isinstance(absent.details, Unset)
session = login.sync(client=client, body=LoginRequest(email="author@example.gov", password=GIVEN["password"]))
assert isinstance(session, LoginResponse)
assert not isinstance(session.access_token, Unset)
assert not isinstance(session.account, Unset)
uploaded = upload_file_content.sync(
    client=AuthenticatedClient(base_url=GIVEN["url"], token=session.access_token),
    body=File(BytesIO(Path(GIVEN["picture"]).read_bytes())),
    organisation_id=GIVEN["organisation"],
    name="picture.png",
)
assert isinstance(uploaded, UploadFileContentResponse)
assert not isinstance(uploaded.file, Unset)
said = {
    "title": read.page.title,
    "absent": absent.details[0].reason,
    "email": session.account.email,
    "file": uploaded.file.name,
    "type": uploaded.file.content_type,
}
print(json.dumps(said))
