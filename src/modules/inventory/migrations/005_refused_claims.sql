-- Fails a statement that claims more than there is, so that what was sent behind it, a commit too, takes no effect.
create function inventory.refuse_claim(variant_ids uuid[]) returns text language plpgsql as $$
begin
  raise exception 'there is not enough of these variants' using constraint = 'claim_whole', errcode = 'check_violation', detail = array_to_json(variant_ids)::text;
end $$;
