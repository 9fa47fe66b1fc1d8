// The error forms, as clients know them: written down here once more, so that a form cannot change unseen.

import { z } from 'zod';

const openstack = (status: number) =>
  z
    .record(
      z.string().regex(/^[a-z][A-Za-z]+$/),
      z.looseObject({ code: z.literal(status), message: z.string().min(1) }),
    )
    .refine((body) => Object.keys(body).length === 1);
const keystone = (status: number) =>
  z.strictObject({
    error: z.strictObject({ code: z.literal(status), title: z.string().min(1), message: z.string().min(1) }),
  });
const vendor = z.strictObject({ error: z.strictObject({ code: z.string().min(1), message: z.string().min(1) }) });
const cbr = z.strictObject({ error_code: z.string().min(1), error_msg: z.string().min(1) });
const plain = z.strictObject({ error: z.looseObject({ code: z.string().min(1), message: z.string().min(1) }) });

/** Calls below the EVS and VBS roots that are the vendor's own. */
const VENDOR_RESOURCES =
  'cloudvolumes|os-vendor-volumes|os-vendor-tags|jobs|cloudbackups|backuppolicy|backuppolicyresources|' +
  'os-vendor-backup-sharing|recycle-bin-volumes';
const VENDOR = new RegExp(`^/(evs|vbs)/v1/|/(${VENDOR_RESOURCES})(/|$)|/retype$`);

/** What the body of an error of this status looks like at a path of the document. */
export function errorForm(path: string, status: number): z.ZodType {
  switch (path.split('/')[1]) {
    case 'iam':
      return keystone(status);
    case 'cbr':
      return cbr;
    case 'ecs':
      return path.startsWith('/ecs/v1/') ? vendor : openstack(status);
    case 'evs':
    case 'vbs':
      return VENDOR.test(path) ? vendor : openstack(status);
    case 'ims':
      return openstack(status);
    default:
      return plain;
  }
}
