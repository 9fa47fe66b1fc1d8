// What clients send and get of projects, users and roles. The schemas of requests take what any client sends beside the
// fields that mean something here (`links`, empty `options`), and keep attributes of the client's own.

import { z } from '@hono/zod-openapi';
import { ignored } from '../../http/fields.ts';

/** OpenStack's own limits. */
const PROJECT_NAME_CHARS_MAX = 64;
const USER_NAME_CHARS_MAX = 255;
const PASSWORD_CHARS_MAX = 4096;
const TAGS_MAX = 80;

const TEXT_CHARS_MAX = 1024;

const nameOf = (max: number) => z.string().min(1).max(max).regex(/\S/, 'blank');
const text = z.string().max(TEXT_CHARS_MAX).nullish();
const enabled = z.boolean().nullish();

/** Part of each resource that clients send back unread. */
const echoed = { id: ignored, links: ignored };

/** Options change what OpenStack does; here there are none, and to take one silently would be a promise. */
const options = z.strictObject({}).nullish();

/** An attribute of the client's own; null removes it. */
const attribute = z.union([z.string().max(TEXT_CHARS_MAX), z.number(), z.boolean(), z.null()]);

const projectFields = {
  ...echoed,
  description: text,
  enabled,
  domain_id: z.string().nullish(),
  parent_id: z.string().nullish(),
  is_domain: z
    .boolean()
    .nullish()
    .refine((value) => value !== true, 'a project that is a domain cannot be made'),
  tags: z
    .array(
      z
        .string()
        .min(1)
        .max(255)
        .regex(/^[^/,]+$/, 'a tag has no slash and no comma'),
    )
    .max(TAGS_MAX)
    .optional(),
  options,
};

const projectName = nameOf(PROJECT_NAME_CHARS_MAX);

export const CreateProjectBody = z.object({
  project: z.object({ name: projectName, ...projectFields }).catchall(attribute),
});
export const UpdateProjectBody = z.object({
  project: z.object({ name: projectName.optional(), ...projectFields }).catchall(attribute),
});

const userFields = {
  ...echoed,
  password: z.string().min(1).max(PASSWORD_CHARS_MAX).nullish(),
  original_password: ignored,
  password_expires_at: ignored,
  enabled,
  domain_id: z.string().nullish(),
  default_project_id: z.string().max(64).nullish(),
  options,
};

const userName = nameOf(USER_NAME_CHARS_MAX);

export const CreateUserBody = z.object({ user: z.object({ name: userName, ...userFields }).catchall(attribute) });
export const UpdateUserBody = z.object({
  user: z.object({ name: userName.optional(), ...userFields }).catchall(attribute),
});

export const PasswordBody = z.object({
  user: z.object({
    original_password: z.string().max(PASSWORD_CHARS_MAX),
    password: z.string().min(1).max(PASSWORD_CHARS_MAX),
  }),
});

/** A role's name is its id and stands in paths, which some clients do not encode. */
export const CreateRoleBody = z.object({
  role: z.strictObject({
    ...echoed,
    name: z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'letters, digits, "-", "_" and ".", at most 64'),
    description: text,
    domain_id: z.null('roles of one domain are not supported').optional(),
    options,
  }),
});

const links = z.object({ self: z.string() });

/** Of a list: everything is on one page. */
export const ListLinks = z.object({ self: z.string(), previous: z.null(), next: z.null() });

export const ProjectView = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    domain_id: z.string(),
    parent_id: z.string(),
    enabled: z.boolean(),
    is_domain: z.boolean(),
    description: z.string(),
    tags: z.array(z.string()),
    options: z.object({}),
    links,
  })
  .openapi('Project');

export const UserView = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    domain_id: z.string(),
    enabled: z.boolean(),
    default_project_id: z.string().optional(),
    password_expires_at: z.null(),
    options: z.object({}),
    links,
  })
  .openapi('User');

export const RoleView = z
  .object({
    id: z.string(),
    name: z.string(),
    domain_id: z.null(),
    description: z.string().nullable(),
    options: z.object({}),
    links,
  })
  .openapi('Role');

export const DomainView = z
  .object({
    id: z.string(),
    name: z.string(),
    enabled: z.boolean(),
    description: z.string(),
    tags: z.array(z.string()),
    options: z.object({}),
    links,
  })
  .openapi('Domain');

const idAndMaybeName = z.looseObject({ id: z.string(), name: z.string().optional() });

export const AssignmentView = z
  .object({
    role: idAndMaybeName,
    user: idAndMaybeName,
    scope: z.object({ project: idAndMaybeName.optional(), domain: idAndMaybeName.optional() }),
    links: z.object({ assignment: z.string() }),
  })
  .openapi('RoleAssignment');
