# Every command against a node of our own, in an empty folder with an image ct.dcm in it.
export DIMSE_NODE_NODE=NODE@127.0.0.1:11112 DIMSE_NODE_US=ME@127.0.0.1:11113 DIMSE_LOCAL_AET=ME
mkdir in films
dimse scp in --port 11112 --aet NODE --films films --dest us --dest BOX@127.0.0.1:11114 --ready-file ready &
node=$!
dimse listen --aet ME --port 11113 --count 4 > events &
listener=$!
until [ -e ready ]; do sleep 0.1; done

dimse echo node
dimse store node ct.dcm --commit                        # sent, and the node promises to keep it
dimse commit node ct.dcm                                # the promise alone
dimse find node PatientName='*' --json=StudyInstanceUID > found
dimse get node --manifest found -o got
dimse move node --manifest found --aet BOX --receive 11114 -o moved

dimse mpps start node ct.dcm --uid 2.25.1               # a procedure step begins
dimse mpps complete node 2.25.1 ct.dcm --retrieve-aet NODE
dimse nget node mpps 2.25.1 PerformedProcedureStepStatus

dimse ups push node ProcedureStepLabel=Segment --uid 2.25.2
dimse naction node ups 2.25.2 subscribe ReceivingAE=ME DeletionLock=FALSE
dimse nset node ups 2.25.2 ScheduledProcedureStepPriority=HIGH
dimse ups claim node 2.25.2 --transaction 2.25.3
dimse ups complete node 2.25.2 ct.dcm --transaction 2.25.3 --retrieve-aet NODE
dimse nevent us ups 2.25.2 assigned                     # an event of our own, to dimse listen

dimse ncreate node film-session - NumberOfCopies=2      # the node names it; it dies with the association
dimse print node ct.dcm --annotate '{PatientName}'      # a film: films/*.png and films/*.pdf
dimse shell --example print > job.dimse                 # the same message by message,
dimse shell node --for print job.dimse ct.dcm           # up to the N-DELETE of the film

wait $listener && cat events                            # what became of the workitem
kill $node
