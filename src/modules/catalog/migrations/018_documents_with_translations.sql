-- The documents of products that were there before translations. Apart from the new column, so that products can be read meanwhile.
update catalog.products set document = left(document, -1) || ',"translations":{}}' where document like '{"%}' and document not like '%,"translations":{%}';
