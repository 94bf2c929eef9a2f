/** The client with every service of the contract. */
import type { DescService } from "@bufbuild/protobuf";
import type { ServiceClient } from "./calls/services.js";
import { type CallingOptions, Connection, type Reach } from "./connection.js";
import type { Carrier } from "./files/carrying.js";
import { type Download, type DownloadOptions, download } from "./files/downloads.js";
import { untilReady, type WaitOptions } from "./files/examined.js";
import type { Source } from "./files/streams.js";
import { type ReplaceOptions, replace, type UploadOptions, upload } from "./files/uploads.js";
import { AuditService } from "./gen/gazette/audit/v1/audit_service_pb.js";
import type { Account } from "./gen/gazette/auth/v1/account_pb.js";
import { AccountService } from "./gen/gazette/auth/v1/account_service_pb.js";
import { AuthService } from "./gen/gazette/auth/v1/auth_service_pb.js";
import { OrganisationService } from "./gen/gazette/auth/v1/organisation_service_pb.js";
import { ContentService } from "./gen/gazette/content/v1/content_service_pb.js";
import { ContentTypeService } from "./gen/gazette/content/v1/content_type_service_pb.js";
import { DeliveryService } from "./gen/gazette/delivery/v1/delivery_service_pb.js";
import type { File } from "./gen/gazette/files/v1/file_pb.js";
import { FileService } from "./gen/gazette/files/v1/file_service_pb.js";
import { RecordService } from "./gen/gazette/record/v1/record_service_pb.js";
import { SystemService } from "./gen/gazette/system/v1/system_service_pb.js";
import { apiKey } from "./sessions/credentials.js";
import { Session, type SessionOptions, type SignIn } from "./sessions/session.js";

/** How the client signs in, and how its calls go. */
export interface ClientOptions extends Omit<CallingOptions, "credentials">, SessionOptions {
  /** Of a service account, `gaz_…`, in place of all that is about a session. */
  readonly apiKey?: string;
}

/**
 * A client with every service as an attribute. Calls that need it are signed in; what the contract calls safe is repeated; failures are
 * `GazetteError`s.
 */
export class Gazette {
  readonly connection: Connection;
  readonly session: Session;
  readonly #carry: Carrier;

  /** `createClient` makes it. */
  constructor(reach: Reach, carry: Carrier, options: ClientOptions = {}) {
    this.#carry = carry;
    this.session = new Session(options);
    const credentials = options.apiKey ? apiKey(options.apiKey) : this.session;
    this.connection = new Connection(reach, { ...options, credentials });
  }

  /** Signing in and out, and one's own account. */
  get auth(): ServiceClient<typeof AuthService> {
    return this.service(AuthService);
  }

  /** Accounts, what they may do, and the keys of services. */
  get accounts(): ServiceClient<typeof AccountService> {
    return this.service(AccountService);
  }

  /** Organisations, and the paths that they own. */
  get organisations(): ServiceClient<typeof OrganisationService> {
    return this.service(OrganisationService);
  }

  /** Kinds of documents. */
  get contentTypes(): ServiceClient<typeof ContentTypeService> {
    return this.service(ContentTypeService);
  }

  /** Documents, for editors. */
  get content(): ServiceClient<typeof ContentService> {
    return this.service(ContentService);
  }

  /** Pages, for everyone. */
  get delivery(): ServiceClient<typeof DeliveryService> {
    return this.service(DeliveryService);
  }

  /** The record of every change of what the public sees. */
  get record(): ServiceClient<typeof RecordService> {
    return this.service(RecordService);
  }

  /** What is known of files; `upload` and `download` carry their bytes. */
  get files(): ServiceClient<typeof FileService> {
    return this.service(FileService);
  }

  /** How the service itself is doing. */
  get system(): ServiceClient<typeof SystemService> {
    return this.service(SystemService);
  }

  /** Who did what, and when. */
  get audit(): ServiceClient<typeof AuditService> {
    return this.service(AuditService);
  }

  /** Signs in, and stays signed in with the tokens alone. See `Session.signIn`. */
  signIn(signIn: SignIn): Promise<Account | undefined> {
    return this.session.signIn(signIn);
  }

  /** Ends the session. See `Session.signOut`. */
  signOut(): Promise<void> {
    return this.session.signOut();
  }

  /** Uploads a file. */
  upload(source: Source, options: UploadOptions): Promise<File> {
    return upload(this.connection, this.#carry, source, options);
  }

  /** Takes new bytes for a file, which keeps its id. */
  replace(id: string, source: Source, options?: ReplaceOptions): Promise<File> {
    return replace(this.connection, this.#carry, id, source, options);
  }

  /** The file, once it and what replaces it have been examined. */
  untilReady(id: string, options?: WaitOptions): Promise<File> {
    return untilReady(this.connection, id, options);
  }

  /** Downloads a file: `await (await gazette.download(id)).blob()`. */
  download(id: string, options?: DownloadOptions): Promise<Download> {
    return download(this.connection, id, options);
  }

  /** The last entry of the record that this client has made by publishing. It reads nothing public that is older. */
  get recordNumber(): bigint {
    return this.connection.recordNumber;
  }

  /** Ends the connections to the server; the session lasts on. */
  close(): void {
    this.connection.close();
  }

  private service<Service extends DescService>(service: Service): ServiceClient<Service> {
    return this.connection.service(service);
  }
}
