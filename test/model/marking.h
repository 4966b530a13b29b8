/* marking.h - marks are set, moved, removed and looked at, by chance. */
#ifndef TEST_MODEL_MARKING_H
#define TEST_MODEL_MARKING_H

#include "model.h"

/* Sets or removes one, in both. */
void marking_change(struct model *model, struct journal *journal);

/* Compares one, and the list from anywhere. */
void marking_look(const struct model *model, struct journal *journal);

#endif
