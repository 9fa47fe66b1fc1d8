// What requests and answers of VBS's backup policies look like. The misspelling "rentention" is the vendor's.

import { z } from '@hono/zod-openapi';
import { type Fault, renderFault } from '../../faults.ts';
import { optionalText } from '../../http/fields.ts';
import { json } from '../../http/operation.ts';
import { plainTime } from '../../http/times.ts';
import type { PolicyResource, PolicyTask, VbsPolicy, VbsPolicyInput } from '../../project/contract.ts';

export const Tag = z.object({ key: z.string(), value: z.string() });

const optionalNumber = z
  .number()
  .nullish()
  .transform((value) => value ?? undefined);
const optionalDays = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? undefined);

const Schedule = z.object({
  start_time: optionalText,
  frequency: optionalNumber,
  week_frequency: optionalDays,
  rentention_num: optionalNumber,
  rentention_day: optionalNumber,
  remain_first_backup_of_curMonth: optionalText,
  status: optionalText,
});

/** Vendor code by wrong field. */
export const CODES = {
  backup_policy_name: 'AutoBackup.0102',
  'scheduled_policy.start_time': 'AutoBackup.0103',
  'scheduled_policy.status': 'AutoBackup.0104',
  'scheduled_policy.remain_first_backup_of_curMonth': 'AutoBackup.0105',
  'scheduled_policy.frequency': 'AutoBackup.0106',
  'scheduled_policy.week_frequency': 'AutoBackup.0106',
  'scheduled_policy.rentention_num': 'AutoBackup.0107',
  'scheduled_policy.rentention_day': 'AutoBackup.0107',
  time_zone: 'AutoBackup.0226',
  tags: 'AutoBackup.0214',
  '*': 'AutoBackup.0008',
};

export const CreateBody = z.object({
  backup_policy_name: z.string(),
  scheduled_policy: Schedule,
  time_zone: optionalText,
  tags: z.array(Tag).max(100).nullish(),
});
export const UpdateBody = z.object({
  backup_policy_name: optionalText,
  scheduled_policy: Schedule.nullish(),
  time_zone: optionalText,
});
export const AddBody = z.object({
  backup_policy_id: z.string(),
  resources: z.array(z.object({ resource_id: z.string(), resource_type: z.string() })).max(1000),
});
export const RemoveBody = z.object({ resources: z.array(z.object({ resource_id: z.string() })).max(1000) });

export const PolicyId = z.object({ backup_policy_id: z.string() });

export const PolicyView = z
  .object({
    backup_policy_id: z.string(),
    backup_policy_name: z.string(),
    scheduled_policy: z.object({
      start_time: z.string(),
      frequency: z.number().int().optional(),
      week_frequency: z.array(z.string()).optional(),
      rentention_num: z.number().int().optional(),
      rentention_day: z.number().int().optional(),
      remain_first_backup_of_curMonth: z.enum(['Y', 'N']),
      status: z.enum(['ON', 'OFF']),
    }),
    policy_resource_count: z.number().int(),
    time_zone: z.string().optional(),
    tags: z.array(Tag),
  })
  .openapi('VbsPolicy');

const Resource = z.object({
  resource_id: z.string(),
  resource_type: z.string(),
  availability_zone: z.string().optional(),
  os_vol_host_attr: z.string().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
});
export const Resources = z
  .object({ success_resources: z.array(Resource), fail_resources: z.array(Resource) })
  .openapi('VbsPolicyResources');

export const TaskList = z.object({
  sort_dir: optionalText,
  sort_key: optionalText,
  limit: optionalText,
  offset: optionalText,
  marker: optionalText,
  job_id: optionalText,
  status: optionalText,
});
export const TaskView = z
  .object({
    status: z.string(),
    job_id: z.string(),
    vbs_job_id: z.string(),
    created_at: z.string(),
    finished_at: z.string().optional(),
    backup_name: z.string(),
    resource_id: z.string(),
    resource_type: z.string(),
    code: z.string().optional(),
    message: z.string().optional(),
  })
  .openapi('VbsPolicyTask');

export function inputOf(body: z.output<typeof UpdateBody>): VbsPolicyInput {
  const schedule: Partial<z.output<typeof Schedule>> = body.scheduled_policy ?? {};
  return {
    name: body.backup_policy_name,
    startTime: schedule.start_time,
    frequencyDays: schedule.frequency,
    weekDays: schedule.week_frequency,
    maxBackups: schedule.rentention_num,
    durationDays: schedule.rentention_day,
    firstOfMonth: schedule.remain_first_backup_of_curMonth,
    status: schedule.status,
    timeZone: body.time_zone,
  };
}

/** Typed clients decode an absent number as none, and choke on null where they expect a list. */
export function policyView(policy: VbsPolicy): z.input<typeof PolicyView> {
  const { frequencyDays, weekDays, maxBackups, durationDays, timeZone } = policy;
  return {
    backup_policy_id: policy.id,
    backup_policy_name: policy.name,
    scheduled_policy: {
      start_time: policy.startTime,
      ...(frequencyDays === null ? {} : { frequency: frequencyDays }),
      ...(weekDays === null ? {} : { week_frequency: [...weekDays] }),
      ...(maxBackups === null ? {} : { rentention_num: maxBackups }),
      ...(durationDays === null ? {} : { rentention_day: durationDays }),
      remain_first_backup_of_curMonth: policy.firstOfMonth ? 'Y' : 'N',
      status: policy.enabled ? 'ON' : 'OFF',
    },
    policy_resource_count: policy.volumeIds.length,
    ...(timeZone === null ? {} : { time_zone: timeZone }),
    tags: [...policy.tags],
  };
}

/** The vendor's name of the place in which a disk is: `pod01.eu-de-01`. */
function resourceView({ volumeId, type, zone, failure }: PolicyResource): z.input<typeof Resource> {
  return {
    resource_id: volumeId,
    resource_type: type,
    ...(zone === null ? {} : { availability_zone: zone, os_vol_host_attr: `pod01.${zone}` }),
    ...(failure === null ? {} : failureView(failure)),
  };
}

function failureView(failure: Fault): { code: string; message: string } {
  const { vendorCode, message } = renderFault(failure, 'vbs');
  return { code: vendorCode, message };
}

export function resourcesAnswer(resources: readonly PolicyResource[]): Response {
  const those = (failed: boolean) => resources.filter(({ failure }) => (failure !== null) === failed).map(resourceView);
  return json(200, { success_resources: those(false), fail_resources: those(true) });
}

export function taskView(task: PolicyTask): z.input<typeof TaskView> {
  return {
    status: task.status,
    job_id: task.id,
    vbs_job_id: task.id.replaceAll('-', ''),
    created_at: plainTime(task.createdMs),
    ...(task.endedMs === null ? {} : { finished_at: plainTime(task.endedMs) }),
    backup_name: task.backupName ?? '',
    resource_id: task.volumeId ?? '',
    resource_type: 'volume',
    ...(task.errorCode === null ? {} : { code: task.errorCode }),
    ...(task.errorMessage === null ? {} : { message: task.errorMessage }),
  };
}
