import { staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = { 'banners.banners': { principal: staysAs('who added it, for a repeated call') } };
